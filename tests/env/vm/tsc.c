// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the frequency of this machine's time stamp counter in kHz.
 *
 * Usage: tsc
 *
 * An emulated CPU has the counter of the machine that it runs on.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	unsigned long long	tsc;
	long long		ns;
};

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Both clocks at once, as nearly as many attempts get them. */
static struct moment moment(void)
{
	long long before, after, least = -1;
	struct moment best = { 0 };
	unsigned long long tsc;
	int i;

	for (i = 0; i < 100; i++) {
		before = now();
		tsc = __rdtsc();
		after = now();
		if (least >= 0 && after - before >= least)
			continue;
		least = after - before;
		best.tsc = tsc;
		best.ns = before + least / 2;
	}
	return best;
}

int main(void)
{
	const struct timespec nap = { .tv_nsec = 100000000 };
	struct moment a, b;

	a = moment();
	nanosleep(&nap, NULL);
	b = moment();
	printf("%.0f\n", (b.tsc - a.tsc) * 1e6 / (b.ns - a.ns));
	return 0;
}

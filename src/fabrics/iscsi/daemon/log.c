// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to stderr, with the "<N>" priority that journald understands.
 * All files call in.  A line is written by one write(2).  Control characters, which may
 * come from a peer, are replaced.  Messages that a peer can cause at will go through a
 * token bucket.
 */
#include "log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEER_BURST	20
#define PEER_REFILL_MS	500

static enum log_level log_highest = LOG_NOTICE;
static bool log_prefixes;

static struct {
	uint64_t filled_ms;
	unsigned int tokens;
	unsigned long suppressed;
} peer_bucket = { .tokens = PEER_BURST };

void log_init(enum log_level highest, bool prefixes)
{
	log_highest = highest;
	log_prefixes = prefixes;
}

__attribute__((format(printf, 2, 0)))
static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[1024];
	size_t len = 0, i;
	int n;

	if (log_prefixes)
		len = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n < 0)
		return;
	i = len;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	/*
	 * Names and values may come from the wire: allow no line breaks and no escapes.
	 */
	for (; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* If the log cannot be written, there is nothing to be done. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_highest)
		return;
	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

static bool peer_may_log(void)
{
	struct timespec ts;
	uint64_t now, refill;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	refill = (now - peer_bucket.filled_ms) / PEER_REFILL_MS;
	if (refill) {
		peer_bucket.filled_ms = now;
		peer_bucket.tokens = refill > PEER_BURST - peer_bucket.tokens ?
			PEER_BURST : peer_bucket.tokens + (unsigned int)refill;
	}
	if (!peer_bucket.tokens) {
		peer_bucket.suppressed++;
		return false;
	}
	peer_bucket.tokens--;
	return true;
}

void log_peer(enum log_level level, const char *fmt, ...)
{
	unsigned long suppressed;
	va_list ap;

	if (level > log_highest || !peer_may_log())
		return;
	suppressed = peer_bucket.suppressed;
	peer_bucket.suppressed = 0;
	if (suppressed)
		log_print(level, "%lu messages about peers suppressed", suppressed);
	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live fuzzer: feeds mutated inputs to a surface of the running target and
 * keeps the inputs that reach code which no input has reached before.
 *
 * Usage: fuzz -s SURFACE [OPTION]...        see usage(); tests/machine/fuzz-live/run calls it
 *
 * Each input is written to a file of the host before it is fed (option -l), because a
 * kernel with a finding may stop at once.  A report that does not stop the kernel is
 * found in the kernel log.  The same seed makes the same random numbers, but the timing of
 * workers and interrupts differs.  So a finding is replayed from the ring of last inputs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cov/map.h"
#include "fuzz.h"

#define CORPUS_MAX	4096
#define RING		16
#define RING_SLOT	32768		/* 8 bytes of number, 8 of length, the input */

unsigned long sent;
struct options options = { .port = 3260 };

static const struct surface *surface;
static const struct surface *const surfaces[] = {
	&wire_surface, &login_surface, &scsi_surface,
};

static struct input *corpus[CORPUS_MAX];
static unsigned int corpus_count;
static unsigned long runs, stalls;
static double begun;

static uint8_t *map;
static uint8_t seen[FUZZ_MAP];		/* which classes of counts, for each edge */
static unsigned int edges, blocks;

static int ring_fd = -1, log_fd = -1;
static regex_t log_bad;
static bool log_watched;

static const char *corpus_dir;

void die(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* xorshift64*, so that a seed makes the same numbers on every machine. */
static uint64_t rnd_state = 1;

void rnd_seed(uint64_t seed)
{
	rnd_state = seed ? seed : 1;
}

uint64_t rnd(void)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return rnd_state * 0x2545f4914f6cdd1dULL;
}

unsigned int below(unsigned int n)
{
	return (unsigned int)((rnd() >> 32) % n);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- coverage --- */

static void map_open(void)
{
	int fd = open(surface->map, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(surface->map);
	map = mmap(NULL, FUZZ_MAP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die(surface->map);
	close(fd);
}

/* Classes of counts: once, a few times, often.  Finer classes would only show noise. */
static uint8_t class_of(uint8_t count)
{
	return count < 2 ? 1 : count < 8 ? 2 : count < 64 ? 4 : 8;
}

/* Return whether the map shows something new, and count it as seen. */
static bool map_news(void)
{
	bool news = false;
	uint64_t word;
	unsigned int i, j;

	for (i = 0; i < FUZZ_MAP; i += 8) {
		memcpy(&word, map + i, 8);
		if (!word)
			continue;
		for (j = i; j < i + 8; j++) {
			uint8_t class = map[j] ? class_of(map[j]) : 0;

			if (!(class & ~seen[j]))
				continue;
			if (!seen[j])
				*(j < FUZZ_EDGES ? &edges : &blocks) += 1;
			seen[j] |= class;
			news = true;
		}
	}
	return news;
}

/* --- records for the analysis of a finding --- */

static void ring_put(const struct input *in)
{
	static uint8_t slot[RING_SLOT];
	uint64_t head[2] = { runs, 0 };
	off_t at = (off_t)(runs % RING) * RING_SLOT;
	size_t len;

	if (ring_fd < 0)
		return;
	len = input_pack(in, slot + sizeof(head));
	head[1] = len;
	memcpy(slot, head, sizeof(head));
	len += sizeof(head);
	if (pwrite(ring_fd, slot, len, at) != (ssize_t)len)
		die("ring");
	/* Write to the host's cache only: the host does not stop with the guest. */
	sync_file_range(ring_fd, at, (off_t)len,
			SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

static bool log_complains(void)
{
	char line[8192];
	ssize_t n;

	for (;;) {
		n = read(log_fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)	/* overwritten before we came */
			continue;
		if (n <= 0)
			return false;
		line[n] = 0;
		if (log_watched && !regexec(&log_bad, line, 0, NULL, 0)) {
			printf("kernel: %s\n", line);
			return true;
		}
	}
}

static void log_open(const char *pattern)
{
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		die("/dev/kmsg");
	lseek(log_fd, 0, SEEK_END);
	if (!pattern)
		return;
	if (regcomp(&log_bad, pattern, REG_EXTENDED | REG_NOSUB))
		die("pattern");
	log_watched = true;
}

/* --- the corpus --- */

static struct input *corpus_add(const struct input *in)
{
	struct input *copy;

	if (corpus_count == CORPUS_MAX)
		return NULL;
	copy = malloc(sizeof(*copy));
	if (!copy)
		die("memory");
	*copy = *in;
	corpus[corpus_count++] = copy;
	return copy;
}

static void corpus_save(const struct input *in)
{
	static uint8_t buf[INPUT_PACKED_MAX];
	size_t len = input_pack(in, buf), i;
	uint64_t hash = 0xcbf29ce484222325ULL;
	char path[512];
	int fd;

	if (!corpus_dir)
		return;
	for (i = 0; i < len; i++)
		hash = (hash ^ buf[i]) * 0x100000001b3ULL;
	snprintf(path, sizeof(path), "%s/%016llx", corpus_dir, (unsigned long long)hash);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (write(fd, buf, len) != (ssize_t)len)
		die(path);
	close(fd);
}

/* Run one input; false: a finding. */
static bool run_one(const struct input *in)
{
	ring_put(in);
	memset(map, 0, FUZZ_MAP);
	switch (surface->run(in)) {
	case STALLED:
		stalls++;
		break;
	case BROKEN:
		printf("%s: a good request is not answered\n", surface->name);
		return false;
	case RAN:
		break;
	}
	runs++;
	return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Run the inputs of a folder, and keep those that reach something new; false: a finding. */
static bool corpus_read(const char *dir)
{
	static struct input in;
	struct dirent **list;
	char path[512];
	int n, i;

	n = scandir(dir, &list, NULL, by_name);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if (list[i]->d_name[0] == '.' || !input_load(&in, path))
			continue;
		if (!run_one(&in))
			return false;
		if (map_news())
			corpus_add(&in);
	}
	return true;
}

static void report(const char *when)
{
	double seconds = now() - begun;

	printf("%s %s: %.0f s, %lu inputs, %lu %s, %.0f/s, ",
	       surface->name, when, seconds, runs, sent, surface->pdus ? "PDUs" : "commands",
	       (double)sent / (seconds > 0 ? seconds : 1));
	printf("%u edges, %u blocks, corpus %u, %lu stalled\n",
	       edges, blocks, corpus_count, stalls);
	fflush(stdout);
}

/* Run mutated inputs for some time; false: a finding. */
static bool fuzz(double seconds)
{
	static struct input in;
	double end = now() + seconds, next = now() + 10;

	report("seeds");
	while (now() < end) {
		in = *corpus[below(corpus_count)];
		input_mutate(&in, surface->pdus, corpus[below(corpus_count)]);
		if (!run_one(&in))
			return false;
		if (map_news() && corpus_add(&in))
			corpus_save(&in);
		if (!(runs % 64) && log_complains())
			return false;
		if (now() >= next) {
			report("so far");
			next += 10;
		}
	}
	report("end");
	return true;
}

/* Run the inputs of a ring, oldest first; or a single input. */
static bool replay(const char *path)
{
	static uint8_t ring[RING * RING_SLOT];
	static struct input in;
	uint64_t head[RING][2], first = UINT64_MAX, number;
	int fd = open(path, O_RDONLY), i;
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, ring, sizeof(ring));
	if (n < 0)
		die(path);
	if (n < RING_SLOT) {
		if (!input_unpack(&in, ring, (size_t)n))
			die(path);
		return run_one(&in);
	}
	for (i = 0; i < RING; i++) {
		memcpy(head[i], ring + i * RING_SLOT, sizeof(head[i]));
		if (head[i][1] && head[i][0] < first)
			first = head[i][0];
	}
	for (number = first; number < first + RING; number++) {
		i = (int)(number % RING);
		if (head[i][0] != number || head[i][1] > RING_SLOT - 16 ||
		    !input_unpack(&in, ring + i * RING_SLOT + 16, head[i][1]))
			continue;
		if (!run_one(&in) || log_complains())
			return false;
	}
	return true;
}

static void usage(void)
{
	fputs("usage: fuzz -s wire|login|scsi [-t SECONDS] [-r SEED] [-i SEEDS] [-c CORPUS]\n"
	      "            [-l RING] [-k PATTERN] [-T TARGET] [-p PORT] [-d SG-DEVICE] [-R FILE]\n"
	      "  -i, -c  folders of inputs; what is new is added to CORPUS\n"
	      "  -k      what the kernel's log must not have\n"
	      "  -R      run the inputs of a ring, or one input, and nothing else\n"
	      "  -M      print the size of the map and nothing else\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *seeds = NULL, *ring = NULL, *pattern = NULL, *what = NULL;
	double seconds = 60;
	uint64_t seed = 1;
	bool good;
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "s:t:r:i:c:l:k:T:p:d:R:M")) >= 0) {
		switch (c) {
		case 's':
			for (i = 0; i < sizeof(surfaces) / sizeof(*surfaces); i++)
				if (!strcmp(surfaces[i]->name, optarg))
					surface = surfaces[i];
			break;
		case 't':
			seconds = atof(optarg);
			break;
		case 'r':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'i':
			seeds = optarg;
			break;
		case 'c':
			corpus_dir = optarg;
			break;
		case 'l':
			ring = optarg;
			break;
		case 'k':
			pattern = optarg;
			break;
		case 'T':
			options.target = optarg;
			break;
		case 'p':
			options.port = (uint16_t)atoi(optarg);
			break;
		case 'd':
			options.disk = optarg;
			break;
		case 'R':
			what = optarg;
			break;
		case 'M':
			printf("%d\n", FUZZ_MAP);
			return 0;
		default:
			usage();
		}
	}
	if (!surface || optind < argc)
		usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	rnd_seed(seed);
	printf("%s: seed %#llx\n", surface->name, (unsigned long long)seed);
	if (ring) {
		ring_fd = open(ring, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (ring_fd < 0)
			die(ring);
	}
	map_open();
	log_open(pattern);
	if (surface->open)
		surface->open();

	begun = now();
	if (what) {
		good = replay(what);
	} else {
		good = (!seeds || corpus_read(seeds)) && (!corpus_dir || corpus_read(corpus_dir));
		if (good && !corpus_count) {
			fputs("fuzz: no input reaches anything\n", stderr);
			return 2;
		}
		good = good && fuzz(seconds);
	}
	if (good && !surface->alive()) {
		printf("%s: not alive at the end\n", surface->name);
		good = false;
	}
	return good && !log_complains() ? 0 : 1;
}

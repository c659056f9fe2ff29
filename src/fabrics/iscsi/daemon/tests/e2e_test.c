// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole daemon over loopback TCP, with the kernel of fake_kernel.c and the
 * initiators of client.c (and libiscsi's iscsi-ls where it is installed).
 *
 * Not tested here: the netlink encoding (kernel_test.c) and the real kernel.
 */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../keys.h"
#include "../server.h"
#include "client.h"
#include "fake_kernel.h"
#include "test.h"

#define TO_OP	(PDU_FINAL | STAGE_SECURITY << 2 | STAGE_OPERATIONAL)
#define TO_FFP	(PDU_FINAL | STAGE_OPERATIONAL << 2 | STAGE_FULL_FEATURE)
#define SEC	(STAGE_SECURITY << 2)

#define INITIATOR_NAME	"iqn.2026-01.example:host"
#define INITIATOR	"InitiatorName=" INITIATOR_NAME "\0"
#define NAMES		INITIATOR "TargetName=" FAKE_TARGET "\0"
#define DISCOVERY	INITIATOR "SessionType=Discovery\0"

struct bench {
	struct fake_kernel fake;
	struct server srv;
	pthread_t thread;
	char addr[ADDR_TEXT_SIZE];
	unsigned int fds;
	unsigned int max_conns;		/* 0: the daemon chooses the limit itself */
	unsigned int expected;		/* connections that has_conns() waits for */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Returns a port that was free a moment ago. */
static unsigned int free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(!getsockname(fd, (struct sockaddr *)&addr, &len));
	close(fd);
	return ntohs(addr.sin_port);
}

static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->fds = open_fds();
	fake_init(&b->fake);
	snprintf(b->addr, sizeof(b->addr), "127.0.0.1:%u", free_port());
	strcpy(b->fake.portal[0], b->addr);
	b->fake.portals = 1;
	return b;
}

static void *bench_thread(void *arg)
{
	server_run(arg);
	return NULL;
}

static struct bench *bench_run(struct bench *b)
{
	CHECK_EQ(server_init(&b->srv, &b->fake.kernel), 0);
	if (b->max_conns)
		b->srv.max_conns = b->max_conns;
	CHECK(!pthread_create(&b->thread, NULL, bench_thread, &b->srv));
	return b;
}

static void bench_stop(struct bench *b)
{
	server_stop(&b->srv);
	pthread_join(b->thread, NULL);
	CHECK(b->srv.all.count <= b->srv.max_conns);
	server_free(&b->srv);
	CHECK_EQ(b->srv.all.count, 0);
	CHECK_EQ(b->srv.listening, 0);
}

static void bench_free(struct bench *b)
{
	fake_free(&b->fake);
	CHECK_EQ(open_fds(), b->fds);
	free(b);
}

/*
 * Waits, for a limited time, until the daemon, which has its own thread, makes @done
 * true.
 */
static bool eventually(bool (*done)(void *arg), void *arg)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	double end = now() + 10;

	while (!done(arg)) {
		if (now() > end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static bool can_connect(void *arg)
{
	struct client c;
	bool ok = client_connect(&c, arg);

	client_close(&c);
	return ok;
}

static bool cannot_connect(void *arg)
{
	return !can_connect(arg);
}

static bool good_login(struct client *c, const char *addr)
{
	return client_connect(c, addr) &&
	       CLIENT_LOGIN(c, TO_OP, NAMES "SessionType=Normal\0AuthMethod=None\0") &&
	       client_status(c) == 0 &&
	       CLIENT_LOGIN(c, TO_FFP, "HeaderDigest=None\0MaxRecvDataSegmentLength=65536\0") &&
	       client_status(c) == 0 && c->bhs[1] == TO_FFP;
}

TEST(e2e, login_is_handed_over)
{
	struct bench *b = bench_run(bench_new());
	struct fake_conn *conn = &b->fake.conn[0];
	struct client c;
	char buf[16];

	CHECK(good_login(&c, b->addr));
	CHECK_EQ(get_be16(c.bhs + 14), 1);
	CHECK_EQ(get_be32(c.bhs + 32), 32);
	CHECK_EQ(b->fake.conns, 1);
	CHECK_STR(conn->target, FAKE_TARGET);
	CHECK_STR(conn->initiator, "iqn.2026-01.example:host");
	CHECK_STR(conn->local, b->addr);
	CHECK(!strncmp(conn->remote, "127.0.0.1:", 10));
	CHECK(!memcmp(conn->isid, "\x40\x01\x02\x03\x04\x05", 6));
	CHECK_EQ(conn->cid, 1);
	CHECK_EQ(conn->cmdsn, 1);
	CHECK_EQ(conn->statsn, 1);
	CHECK_EQ(conn->xmit_dsl, 65536);
	CHECK_EQ(conn->value[KEY_MAX_RECV_DSL], 65536);
	CHECK_EQ(conn->value[KEY_MAX_BURST], 262144);

	/* The session goes on while the daemon stops and starts again. */
	bench_stop(b);
	CHECK_EQ(send(c.fd, "to kernel", 9, 0), 9);
	CHECK_EQ(recv(conn->fd, buf, 9, 0), 9);
	bench_run(b);
	CHECK_EQ(send(conn->fd, "to client", 9, 0), 9);
	CHECK_EQ(recv(c.fd, buf, 9, 0), 9);
	client_close(&c);
	CHECK(good_login(&c, b->addr));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, bytes_behind_the_login_stay_in_the_socket)
{
	static const char text[] = NAMES;
	struct bench *b = bench_run(bench_new());
	uint8_t pdu[PDU_BHS_LEN + sizeof(text) + 64] = { 0 };
	size_t len = PDU_BHS_LEN + sizeof(text) - 1 + pdu_pad(sizeof(text) - 1);
	char behind[100], got[101];
	struct client c;

	memset(behind, 'b', sizeof(behind));
	client_login_bhs(pdu, TO_FFP, sizeof(text) - 1);
	memcpy(pdu + PDU_BHS_LEN, text, sizeof(text) - 1);
	memcpy(pdu + len, behind, 50);
	CHECK(client_connect(&c, b->addr));
	CHECK_EQ(send(c.fd, pdu, len + 50, 0), len + 50);
	CHECK(client_receive(&c));
	CHECK_EQ(client_status(&c), 0);
	CHECK_EQ(send(c.fd, behind, 50, 0), 50);
	CHECK_EQ(recv(b->fake.conn[0].fd, got, 50, 0), 50);
	CHECK(!memcmp(got, behind, 50));
	CHECK(poll(&(struct pollfd){ .fd = b->fake.conn[0].fd, .events = POLLIN }, 1, 5000) == 1);
	CHECK_EQ(recv(b->fake.conn[0].fd, got, sizeof(got), MSG_DONTWAIT), 50);
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

#define SILENT 320

static void silent_flood(unsigned int per_portal, unsigned int per_source,
			 unsigned int in_all)
{
	struct bench *b = bench_new();
	struct client silent[SILENT], c;
	unsigned int i, dropped = 0;
	unsigned int cap = !per_portal || (per_source && per_source < per_portal) ?
		per_source : per_portal;
	double start;

	if (in_all)
		cap = in_all;
	b->max_conns = in_all;
	b->fake.settings.max_per_portal = per_portal;
	b->fake.settings.max_per_source = per_source;
	bench_run(b);
	for (i = 0; i < SILENT; i++)
		CHECK(client_connect(&silent[i], b->addr));
	start = now();
	CHECK(good_login(&c, b->addr));
	test_check(now() - start < 1.0, __FILE__, __LINE__, "login took %.3f s", now() - start);
	printf("     login beside %u silent connections (limit %u): %.1f ms\n", SILENT, cap,
	       (now() - start) * 1e3);
	CHECK_EQ(b->fake.conns, 1);
	client_close(&c);

	/* The oldest connections were dropped, as many as needed and no more. */
	for (i = 0; i < SILENT; i++) {
		bool must_go = i + cap < SILENT + 1;

		if (client_gone(&silent[i], must_go ? 5000 : 0)) {
			CHECK(must_go);
			dropped++;
		}
		client_close(&silent[i]);
	}
	CHECK_EQ(dropped, cap < SILENT + 1 ? SILENT + 1 - cap : 0);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, silent_connections_below_the_limits)
{
	silent_flood(1000, 1000, 0);
}

TEST(e2e, silent_connections_at_the_source_limit)
{
	silent_flood(1000, 16, 0);
}

TEST(e2e, silent_connections_at_the_portal_limit)
{
	silent_flood(64, 1000, 0);
}

TEST(e2e, silent_connections_at_the_limit_of_all)
{
	/* For a portal and for a source, 0 means no limit. */
	silent_flood(0, 0, 100);
}

TEST(e2e, limit_of_one)
{
	silent_flood(1, 1, 0);
}

TEST(e2e, silent_ones_go_before_busy_ones)
{
	struct bench *b = bench_new();
	struct client busy[4], silent[40];
	unsigned int i;

	b->fake.settings.max_per_source = 8;
	bench_run(b);
	for (i = 0; i < 4; i++) {
		CHECK(client_connect(&busy[i], b->addr));
		CHECK(CLIENT_LOGIN(&busy[i], SEC, NAMES));
	}
	for (i = 0; i < 40; i++)
		CHECK(client_connect(&silent[i], b->addr));
	for (i = 0; i < 36; i++)
		CHECK(client_gone(&silent[i], 5000));
	for (i = 0; i < 4; i++) {
		CHECK(CLIENT_LOGIN(&busy[i], TO_OP, "AuthMethod=None\0"));
		CHECK(CLIENT_LOGIN(&busy[i], TO_FFP, ""));
		CHECK_EQ(client_status(&busy[i]), 0);
		client_close(&busy[i]);
	}
	for (i = 0; i < 40; i++)
		client_close(&silent[i]);
	/*
	 * Only active connections are left: the one that has rested for longest is
	 * dropped.
	 */
	for (i = 0; i < 8; i++) {
		CHECK(client_connect(&silent[i], b->addr));
		CHECK(CLIENT_LOGIN(&silent[i], SEC, NAMES));
	}
	CHECK(CLIENT_LOGIN(&silent[0], SEC, ""));
	CHECK(good_login(&busy[0], b->addr));
	client_close(&busy[0]);
	CHECK(!client_gone(&silent[0], 0));
	CHECK(client_gone(&silent[1], 5000));
	for (i = 2; i < 8; i++)
		CHECK(!client_gone(&silent[i], 0));
	for (i = 0; i < 8; i++)
		client_close(&silent[i]);
	bench_stop(b);
	bench_free(b);
}

static bool has_conns(void *arg)
{
	struct bench *b = arg;

	return __atomic_load_n(&b->srv.all.count, __ATOMIC_RELAXED) == b->expected;
}

/*
 * Three addresses begin logins and do not go on, until the portal is full.  Then silent
 * connections come.  A host that is in its first round trip is not dropped for them.
 */
TEST(e2e, newcomer_beside_logins_that_were_begun)
{
	struct bench *b = bench_new();
	struct client begun[12], silent[8], c;
	char from[ADDR_TEXT_SIZE];
	unsigned int i;

	b->fake.settings.max_per_portal = 12;
	b->fake.settings.max_per_source = 4;
	bench_run(b);
	for (i = 0; i < 12; i++) {
		snprintf(from, sizeof(from), "127.0.1.%u:%u", 1 + i / 4, free_port());
		CHECK(client_connect_from(&begun[i], from, b->addr));
		CHECK(CLIENT_LOGIN(&begun[i], SEC, NAMES));
	}
	CHECK(client_connect(&c, b->addr));
	CHECK(client_gone(&begun[0], 5000));
	for (i = 0; i < 8; i++) {
		snprintf(from, sizeof(from), "127.0.1.%u:%u", 4 + i / 4, free_port());
		CHECK(client_connect_from(&silent[i], from, b->addr));
	}
	b->expected = 12;
	CHECK(eventually(has_conns, b));
	CHECK(CLIENT_LOGIN(&c, TO_OP, NAMES "AuthMethod=None\0"));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, ""));
	CHECK_EQ(client_status(&c), 0);
	client_close(&c);
	for (i = 0; i < 12; i++)
		client_close(&begun[i]);
	for (i = 0; i < 8; i++)
		client_close(&silent[i]);
	bench_stop(b);
	bench_free(b);
}

#define FILLERS 4096

/* Uses all descriptors up.  Returns how many it has put into @filler. */
static unsigned int fill_fds(int *filler)
{
	unsigned int n = 0;

	while (n < FILLERS && (filler[n] = dup(STDOUT_FILENO)) >= 0)
		n++;
	CHECK_EQ(errno, EMFILE);
	return n;
}

TEST(e2e, out_of_descriptors)
{
	struct bench *b = bench_run(bench_new());
	int *filler = calloc(FILLERS, sizeof(*filler));
	struct rlimit before, limit;
	struct client silent[10], c;
	unsigned int i, n;

	for (i = 0; i < 10; i++)
		CHECK(client_connect(&silent[i], b->addr));
	b->expected = 10;
	CHECK(eventually(has_conns, b));
	CHECK(!getrlimit(RLIMIT_NOFILE, &before));
	limit = before;
	limit.rlim_cur = 600;
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));

	/*
	 * One descriptor is left, for the client.  The daemon drops a connection for its
	 * own.
	 */
	n = fill_fds(filler);
	close(filler[--n]);
	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, SEC, NAMES));
	CHECK_EQ(client_status(&c), 0);
	CHECK(client_gone(&silent[0], 5000));
	CHECK(!client_gone(&silent[1], 0));
	client_close(&c);
	for (i = 0; i < 10; i++)
		client_close(&silent[i]);
	while (n)
		close(filler[--n]);

	/* If there is no connection to drop, the daemon waits for a descriptor. */
	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, SEC, NAMES));
	client_close(&c);
	b->expected = 0;
	CHECK(eventually(has_conns, b));
	n = fill_fds(filler);
	close(filler[--n]);
	CHECK(client_connect(&c, b->addr));
	CHECK(!client_gone(&c, 200));
	while (n)
		close(filler[--n]);
	CHECK(CLIENT_LOGIN(&c, SEC, NAMES));
	client_close(&c);

	CHECK(!setrlimit(RLIMIT_NOFILE, &before));
	free(filler);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, login_timeout)
{
	struct bench *b = bench_new();
	struct client silent, partial, c;
	uint8_t bhs[PDU_BHS_LEN];
	double start;

	b->fake.settings.login_timeout = 1;
	bench_run(b);
	start = now();
	CHECK(client_connect(&silent, b->addr));
	CHECK(client_connect(&partial, b->addr));
	/*
	 * A header that is one byte short gives no more time, nor does endless progress.
	 */
	client_login_bhs(bhs, SEC, 100);
	CHECK_EQ(send(partial.fd, bhs, PDU_BHS_LEN - 1, 0), PDU_BHS_LEN - 1);
	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, SEC, NAMES));
	CHECK(client_gone(&silent, 5000));
	CHECK(client_gone(&partial, 5000));
	CHECK(client_gone(&c, 5000));
	test_check(now() - start > 0.9 && now() - start < 2.5, __FILE__, __LINE__,
		   "dropped after %.3f s", now() - start);
	client_close(&silent);
	client_close(&partial);
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, byte_by_byte)
{
	static const char text[] = NAMES "HeaderDigest=None\0";
	struct bench *b = bench_run(bench_new());
	uint8_t pdu[PDU_BHS_LEN + sizeof(text) + 4] = { 0 };
	size_t i, len = PDU_BHS_LEN + sizeof(text) - 1 + pdu_pad(sizeof(text) - 1);
	struct client c;

	client_login_bhs(pdu, TO_FFP, sizeof(text) - 1);
	memcpy(pdu + PDU_BHS_LEN, text, sizeof(text) - 1);
	CHECK(client_connect(&c, b->addr));
	for (i = 0; i < len; i++)
		CHECK_EQ(send(c.fd, pdu + i, 1, 0), 1);
	CHECK(client_receive(&c));
	CHECK_EQ(client_status(&c), 0);
	CHECK_EQ(b->fake.conns, 1);
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

static void refused(struct bench *b, struct client *c, unsigned int status)
{
	CHECK_EQ(c->bhs[0], PDU_LOGIN_RESPONSE);
	CHECK_EQ(client_status(c), status);
	CHECK(client_eof(c));
	client_close(c);
	CHECK_EQ(b->fake.conns, 0);
}

TEST(e2e, refusals_arrive)
{
	struct bench *b = bench_run(bench_new());
	uint8_t bhs[PDU_BHS_LEN];
	char big[9000] = { 0 };
	struct client c;

	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, INITIATOR "TargetName=iqn.none\0"));
	refused(b, &c, LOGIN_NOT_FOUND);
	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, "InitiatorName=iqn.stranger\0TargetName=" FAKE_TARGET "\0"));
	refused(b, &c, LOGIN_FORBIDDEN);
	/*
	 * The answer is not lost, although the daemon never reads the data of the
	 * request.
	 */
	CHECK(client_connect(&c, b->addr));
	client_login_bhs(bhs, TO_FFP, sizeof(big));
	CHECK(client_send(&c, bhs, big, sizeof(big)));
	CHECK(client_receive(&c));
	refused(b, &c, LOGIN_INITIATOR_ERROR);
	CHECK(client_connect(&c, b->addr));
	client_login_bhs(bhs, TO_FFP, 0);
	bhs[4] = 255;
	CHECK(client_send(&c, bhs, big, 1020));
	CHECK(client_receive(&c));
	refused(b, &c, LOGIN_INITIATOR_ERROR);
	/* This is not iSCSI at all. */
	CHECK(client_connect(&c, b->addr));
	CHECK(send(c.fd, "GET / HTTP/1.1\r\nHost: storage.example\r\nAccept: */*\r\n\r\n",
		   54, 0) > 0);
	CHECK(client_gone(&c, 5000));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

/* Each refusal is one line that names the initiator, the target and the reason. */
TEST(e2e, refusals_are_logged)
{
	struct bench *b = bench_run(bench_new());
	char buf[4096], line[300];
	struct sockaddr_in from[2];
	struct capture capture;
	socklen_t len = sizeof(from[0]);
	struct client c;

	capture_begin(&capture, LOG_NOTICE, false);
	CHECK(client_connect(&c, b->addr));
	CHECK(!getsockname(c.fd, (struct sockaddr *)&from[0], &len));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, INITIATOR "TargetName=iqn.none\0"));
	refused(b, &c, LOGIN_NOT_FOUND);
	CHECK(client_connect(&c, b->addr));
	CHECK(!getsockname(c.fd, (struct sockaddr *)&from[1], &len));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, "InitiatorName=iqn.stranger\0TargetName=" FAKE_TARGET "\0"));
	refused(b, &c, LOGIN_FORBIDDEN);
	bench_stop(b);
	capture_end(&capture, buf, sizeof(buf));
	bench_free(b);

	snprintf(line, sizeof(line), "127.0.0.1:%u: login of " INITIATOR_NAME " to iqn.none refused: no such target here\n",
		 ntohs(from[0].sin_port));
	CHECK(strstr(buf, line));
	snprintf(line, sizeof(line), "127.0.0.1:%u: login of iqn.stranger to " FAKE_TARGET " refused: initiator has no access\n",
		 ntohs(from[1].sin_port));
	CHECK(strstr(buf, line));
}

TEST(e2e, kernel_refuses_the_connection)
{
	static const struct {
		int error;
		unsigned int status;
	} cases[] = {
		{ -ENOENT, LOGIN_NOT_FOUND }, { -EACCES, LOGIN_FORBIDDEN },
		{ -ESHUTDOWN, LOGIN_UNAVAILABLE }, { -ESRCH, LOGIN_NO_SESSION },
		{ -EMLINK, LOGIN_NO_RESOURCES }, { -ENOMEM, LOGIN_NO_RESOURCES },
		{ -EINVAL, LOGIN_TARGET_ERROR }, { -ETIMEDOUT, LOGIN_UNAVAILABLE },
	};
	struct bench *b = bench_run(bench_new());
	struct client c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_lock(&b->fake);
		b->fake.new_conn_error = cases[i].error;
		fake_unlock(&b->fake);
		CHECK(client_connect(&c, b->addr));
		CHECK(CLIENT_LOGIN(&c, TO_FFP, NAMES));
		refused(b, &c, cases[i].status);
	}
	fake_lock(&b->fake);
	b->fake.new_conn_error = -ENOTCONN;
	fake_unlock(&b->fake);
	CHECK(client_connect(&c, b->addr));
	CHECK(!CLIENT_LOGIN(&c, TO_FFP, NAMES));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, discovery)
{
	struct bench *b = bench_run(bench_new());
	uint8_t bhs[PDU_BHS_LEN] = { PDU_NOP_OUT | PDU_IMMEDIATE, PDU_FINAL };
	char address[ADDR_TEXT_SIZE + 8];
	struct client c;

	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, DISCOVERY));
	CHECK_EQ(client_status(&c), 0);
	CHECK(get_be16(c.bhs + 14) != 0);
	CHECK(CLIENT_TEXT(&c, PDU_TAG_NONE, "SendTargets=All\0"));
	CHECK_EQ(c.bhs[0], PDU_TEXT_RESPONSE);
	CHECK_EQ(c.bhs[1], PDU_FINAL);
	CHECK_STR(client_answer(&c, "TargetName"), FAKE_TARGET);
	snprintf(address, sizeof(address), "%s,%u", b->addr, FAKE_TPGT);
	CHECK_STR(client_answer(&c, "TargetAddress"), address);

	put_be32(bhs + 16, 0x30);
	put_be32(bhs + 20, PDU_TAG_NONE);
	CHECK(client_send(&c, bhs, "ping", 4));
	CHECK(client_receive(&c));
	CHECK_EQ(c.bhs[0], PDU_NOP_IN);
	CHECK_EQ(c.len, 4);
	CHECK(!memcmp(c.data, "ping", 4));

	bhs[0] = PDU_LOGOUT_REQUEST | PDU_IMMEDIATE;
	CHECK(client_send(&c, bhs, NULL, 0));
	CHECK(client_receive(&c));
	CHECK_EQ(c.bhs[0], PDU_LOGOUT_RESPONSE);
	CHECK_EQ(c.bhs[2], 0);
	CHECK(client_eof(&c));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

/*
 * Several requests come in one segment.  However many of them the daemon handles in one
 * go, it must not forget a complete request after which nothing is left in the socket.
 */
TEST(e2e, pipelined_requests)
{
	struct bench *b = bench_run(bench_new());
	uint8_t bhs[48][PDU_BHS_LEN] = { 0 };
	struct client c;
	unsigned int n, i;

	CHECK(client_connect(&c, b->addr));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, DISCOVERY));
	for (n = 1; n <= 48; n++) {
		for (i = 0; i < n; i++) {
			bhs[i][0] = PDU_NOP_OUT | PDU_IMMEDIATE;
			bhs[i][1] = PDU_FINAL;
			put_be32(bhs[i] + 16, i);
			put_be32(bhs[i] + 20, PDU_TAG_NONE);
		}
		CHECK_EQ(send(c.fd, bhs, n * PDU_BHS_LEN, 0), n * PDU_BHS_LEN);
		for (i = 0; i < n; i++) {
			if (!CHECK(client_receive(&c)))
				break;
			CHECK_EQ(get_be32(c.bhs + 16), i);
		}
		if (i < n)
			break;
	}
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

static unsigned int count_targets(const struct client *c)
{
	unsigned int count = 0;
	size_t pos;

	for (pos = 0; pos < c->len; pos += strlen((char *)c->data + pos) + 1)
		count += !strncmp((char *)c->data + pos, "TargetName=", 11);
	return count;
}

TEST(e2e, discovery_of_many)
{
	static const char *const mrdsl[] = { "512", "8192", "262144" };
	struct bench *b = bench_new();
	struct client c;
	char text[256];
	size_t i;

	b->fake.targets = 5000;
	bench_run(b);
	for (i = 0; i < sizeof(mrdsl) / sizeof(mrdsl[0]); i++) {
		unsigned int targets = 0, pdus = 0;
		uint32_t ttt;
		int n;

		memcpy(text, DISCOVERY, sizeof(DISCOVERY));
		n = snprintf(text + sizeof(DISCOVERY) - 1, 64, "MaxRecvDataSegmentLength=%s",
			     mrdsl[i]);
		CHECK(client_connect(&c, b->addr));
		CHECK(client_login(&c, TO_FFP, text, sizeof(DISCOVERY) + (size_t)n));
		CHECK_EQ(client_status(&c), 0);
		CHECK(CLIENT_TEXT(&c, PDU_TAG_NONE, "SendTargets=All\0"));
		for (;;) {
			pdus++;
			targets += count_targets(&c);
			CHECK(c.len <= strtoul(mrdsl[i], NULL, 10));
			ttt = get_be32(c.bhs + 20);
			if (c.bhs[1] == PDU_FINAL || pdus > 2000)
				break;
			if (!CHECK(CLIENT_TEXT(&c, ttt, "")))
				break;
		}
		CHECK_EQ(targets, 5000);
		CHECK(i || pdus > 600);
		client_close(&c);
	}
	bench_stop(b);
	bench_free(b);
}

/* A peer that asks for much and reads nothing does not delay others. */
TEST(e2e, peer_that_does_not_read)
{
	struct bench *b = bench_new();
	int size = 65536, i;
	struct client c, d;
	double start;

	b->fake.targets = 5000;
	bench_run(b);
	CHECK(client_connect(&c, b->addr));
	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	CHECK(CLIENT_LOGIN(&c, TO_FFP, DISCOVERY "MaxRecvDataSegmentLength=16777215\0"));
	for (i = 0; i < 32; i++) {
		uint8_t bhs[PDU_BHS_LEN] = { PDU_TEXT_REQUEST | PDU_IMMEDIATE, PDU_FINAL };

		put_be32(bhs + 16, 1);
		put_be32(bhs + 20, PDU_TAG_NONE);
		put_be32(bhs + 24, 1);
		CHECK(client_send(&c, bhs, "SendTargets=All", 16));
	}
	start = now();
	CHECK(good_login(&d, b->addr));
	CHECK(now() - start < 1.0);
	client_close(&d);
	/* In the end the peer gets everything. */
	for (i = 0; i < 32; i++)
		CHECK(client_receive(&c) && c.len > 200000);
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, libiscsi_discovers)
{
	struct bench *b = bench_new();
	char command[256], line[512];
	unsigned int lines = 0;
	FILE *ls;

	if (system("command -v iscsi-ls >/dev/null 2>&1")) {
		printf("     skipped: iscsi-ls is not installed\n");
		bench_free(b);
		return;
	}
	b->fake.targets = 100;
	bench_run(b);
	snprintf(command, sizeof(command), "iscsi-ls iscsi://%s 2>&1", b->addr);
	ls = popen(command, "r");
	while (fgets(line, sizeof(line), ls)) {
		lines += strstr(line, FAKE_TARGET) && strstr(line, b->addr);
		if (!strstr(line, FAKE_TARGET))
			printf("     iscsi-ls: %s", line);
	}
	CHECK_EQ(pclose(ls), 0);
	CHECK_EQ(lines, 100);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, portals_come_and_go)
{
	struct bench *b = bench_run(bench_new());
	unsigned int port = free_port();
	char other[ADDR_TEXT_SIZE], other6[ADDR_TEXT_SIZE], wild[ADDR_TEXT_SIZE];
	struct client waiting, c;

	snprintf(other, sizeof(other), "127.0.0.2:%u", port);
	snprintf(other6, sizeof(other6), "[::1]:%u", port);
	snprintf(wild, sizeof(wild), "[::]:%u", port);
	CHECK(cannot_connect(other));
	CHECK(client_connect(&waiting, b->addr));

	fake_lock(&b->fake);
	strcpy(b->fake.portal[1], other);
	b->fake.portals = 2;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(can_connect, other));
	CHECK(can_connect(b->addr));
	CHECK(!client_gone(&waiting, 0));

	/* The wildcard takes over from the address on the same port. */
	fake_lock(&b->fake);
	strcpy(b->fake.portal[2], wild);
	b->fake.portals = 3;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	if (access("/proc/net/if_inet6", F_OK) == 0) {
		CHECK(eventually(can_connect, other6));
		CHECK(good_login(&c, other6));
		CHECK_STR(b->fake.conn[0].local, other6);
		CHECK(!strncmp(b->fake.conn[0].remote, "[::1]:", 6));
		client_close(&c);
	}
	CHECK(eventually(can_connect, other));
	CHECK(good_login(&c, other));
	/* An IPv4 address on the wildcard socket is still written as IPv4. */
	CHECK_STR(b->fake.conn[b->fake.conns - 1].local, other);
	client_close(&c);

	/* The address has its own socket again when the wildcard goes. */
	fake_lock(&b->fake);
	b->fake.portals = 2;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(cannot_connect, other6));
	CHECK(eventually(can_connect, other));

	fake_lock(&b->fake);
	b->fake.portals = 0;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(cannot_connect, b->addr));
	CHECK(cannot_connect(other));
	CHECK(client_gone(&waiting, 5000));
	client_close(&waiting);
	bench_stop(b);
	bench_free(b);
}

static bool told_listening(void *arg)
{
	return !fake_told(&((struct bench *)arg)->fake, 0);
}

static bool told_nothing(void *arg)
{
	return fake_told(&((struct bench *)arg)->fake, 1) == KERNEL_UNTOLD;
}

TEST(e2e, interface_that_is_not_there)
{
	struct bench *b = bench_new();

	strcpy(b->fake.portal[1], "[fe80::1%not-there]:3260");
	b->fake.portals = 2;
	bench_run(b);
	CHECK(can_connect(b->addr));
	CHECK_EQ(b->srv.listening, 1);
	CHECK_EQ(fake_told(&b->fake, 1), ENODEV);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, address_that_is_not_there_yet)
{
	struct bench *b = bench_new();

	/*
	 * No host has an address of 192.0.2.0/24.  Nonsense must not stop other portals.
	 */
	strcpy(b->fake.portal[1], "192.0.2.77:3260");
	strcpy(b->fake.portal[2], "nonsense");
	b->fake.portals = 3;
	bench_run(b);
	CHECK(can_connect(b->addr));
	CHECK_EQ(b->srv.listening, 2);
	/* The kernel is told that the second portal cannot be reached, and why. */
	CHECK_EQ(fake_told(&b->fake, 0), 0);
	CHECK_EQ(fake_told(&b->fake, 1), EADDRNOTAVAIL);
	CHECK_EQ(fake_told(&b->fake, 2), KERNEL_UNTOLD);
	CHECK_EQ(b->fake.tells, 2);

	/* A portal is told again only if the kernel has forgotten it. */
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(can_connect(b->addr));
	fake_lock(&b->fake);
	b->fake.told[0] = KERNEL_UNTOLD;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(told_listening, b));
	CHECK_EQ(b->fake.tells, 3);

	/* The kernel is told to forget portals that have gone. */
	fake_lock(&b->fake);
	b->fake.portals = 1;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(told_nothing, b));
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, port_that_is_taken)
{
	struct bench *b = bench_new();
	struct sockaddr_storage addr;
	struct client c;
	socklen_t len;
	int fd;

	CHECK(addr_parse(b->addr, &addr, &len));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(fd, (struct sockaddr *)&addr, len));
	CHECK(!listen(fd, 1));
	bench_run(b);
	CHECK_EQ(b->srv.listening, 0);
	CHECK_EQ(fake_told(&b->fake, 0), EADDRINUSE);
	close(fd);
	CHECK(eventually(can_connect, b->addr));
	CHECK(eventually(told_listening, b));
	CHECK(good_login(&c, b->addr));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, kernel_comes_late_and_leaves)
{
	struct bench *b = bench_new();
	struct client c;

	b->fake.present = false;
	bench_run(b);
	CHECK(cannot_connect(b->addr));
	fake_lock(&b->fake);
	b->fake.present = true;
	fake_unlock(&b->fake);
	/* There is no event, but the retry timer finds the kernel module. */
	CHECK(eventually(can_connect, b->addr));
	CHECK(good_login(&c, b->addr));
	client_close(&c);

	fake_lock(&b->fake);
	b->fake.present = false;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_GONE | KERNEL_CHANGED);
	CHECK(eventually(cannot_connect, b->addr));

	/* With an event the daemon finds the kernel module at once. */
	fake_lock(&b->fake);
	b->fake.present = true;
	fake_unlock(&b->fake);
	fake_changed(&b->fake, KERNEL_CHANGED);
	CHECK(eventually(can_connect, b->addr));
	CHECK_EQ(b->fake.opens, 2);
	CHECK(good_login(&c, b->addr));
	client_close(&c);
	bench_stop(b);
	bench_free(b);
}

TEST(e2e, many_logins)
{
	struct bench *b = bench_run(bench_new());
	double start = now();
	struct client c;
	int i;

	for (i = 0; i < FAKE_CONNS; i++) {
		if (!CHECK(good_login(&c, b->addr)))
			break;
		client_close(&c);
		close(b->fake.conn[i].fd);
		b->fake.conn[i].fd = -1;
	}
	printf("     %d logins in %.2f s\n", i, now() - start);
	CHECK_EQ(b->fake.conns, FAKE_CONNS);
	bench_stop(b);
	bench_free(b);
}

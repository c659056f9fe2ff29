// SPDX-License-Identifier: GPL-2.0-only
/*
 * cst-iscsid: options, signals, and the start of the event loop.  The daemon has
 * no configuration of its own: it gets everything from the kernel module.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"
#include "notify.h"
#include "server.h"

#ifndef CST_VERSION
#define CST_VERSION "unreleased"
#endif

static struct server server;

static void on_signal(int sig)
{
	(void)sig;
	server_stop(&server);
}

static void usage(FILE *to)
{
	fputs("usage: cst-iscsid [-v] [-q]\n"
	      "Accept iSCSI logins for the cst_iscsi kernel module; run in the foreground.\n"
	      "  -v, --verbose   log more; twice: for debugging\n"
	      "  -q, --quiet     log only warnings and errors\n"
	      "  -V, --version   print the version\n"
	      "  -h, --help      print this\n", to);
}

static enum log_level parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	enum log_level level = LOG_NOTICE;
	int opt;

	while ((opt = getopt_long(argc, argv, "vqVh", options, NULL)) >= 0) {
		switch (opt) {
		case 'v':
			level = level >= LOG_INFO ? LOG_TRACE : LOG_INFO;
			break;
		case 'q':
			level = LOG_WARN;
			break;
		case 'V':
			puts("cst-iscsid " CST_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
	return level;
}

static void catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	/* There is nothing to reload: changes come from the kernel. */
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int main(int argc, char **argv)
{
	struct kernel *kernel;
	int err;

	log_init(parse_options(argc, argv), !isatty(STDERR_FILENO));
	notify_init();
	kernel = kernel_netlink_create(NETLINK_GENERIC, 0);
	if (!kernel) {
		log_error("cannot open netlink: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	err = server_init(&server, kernel);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		kernel_netlink_destroy(kernel);
		return EXIT_FAILURE;
	}
	catch_signals();
	notify_send("READY=1");
	server_run(&server);
	notify_send("STOPPING=1");
	server_free(&server);
	kernel_netlink_destroy(kernel);
	return EXIT_SUCCESS;
}

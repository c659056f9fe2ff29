/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_LOG_H
#define ISCSID_LOG_H

#include <stdbool.h>

/* The numbers are those of syslog: journald reads them from the "<N>" prefix. */
enum log_level {
	LOG_ERROR = 3,
	LOG_WARN = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
	LOG_TRACE = 7,
};

void log_init(enum log_level highest, bool prefixes);
void log_print(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* For messages that a peer can cause at will.  Their rate is limited. */
void log_peer(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_print(LOG_WARN, __VA_ARGS__)
#define log_notice(...)	log_print(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	log_print(LOG_INFO, __VA_ARGS__)
#define log_trace(...)	log_print(LOG_TRACE, __VA_ARGS__)

#endif /* ISCSID_LOG_H */

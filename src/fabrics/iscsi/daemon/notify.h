/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_NOTIFY_H
#define ISCSID_NOTIFY_H

#include <stdint.h>

void notify_init(void);
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t notify_watchdog_ms(void);

#endif /* ISCSID_NOTIFY_H */

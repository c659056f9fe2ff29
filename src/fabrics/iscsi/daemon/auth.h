/* SPDX-License-Identifier: GPL-2.0-only */
/* Authentication in the security stage of a login, RFC 7143 6.3.2. */
#ifndef ISCSID_AUTH_H
#define ISCSID_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct auth_method;

/**
 * struct auth - how far the authentication of one login has come
 *
 * @method: the method agreed with the initiator, NULL until AuthMethod was received
 */
struct auth {
	const struct auth_method *method;
};

uint16_t auth_negotiate(struct auth *auth, const char *list, struct text_out *out);
bool auth_complete(const struct auth *auth);

#endif /* ISCSID_AUTH_H */

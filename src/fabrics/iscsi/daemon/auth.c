// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choice of the authentication method.  Pure logic: login.c calls in with the
 * value of AuthMethod and asks whether the login may leave the security stage.
 *
 * "None" is the only method of this version.  It needs no keys of its own.  The target
 * demands no other method, so an initiator that does not mention AuthMethod, or skips the
 * security stage, is treated as if it had agreed to None.
 */
#include "auth.h"

#include <stddef.h>

#include "pdu.h"

/**
 * struct auth_method - a method that this target offers
 *
 * @name: as AuthMethod spells it
 * @no_exchange: the method is complete when both sides have agreed on it
 */
struct auth_method {
	const char *name;
	bool no_exchange;
};

static const struct auth_method auth_methods[] = {
	{ .name = "None", .no_exchange = true },
};

/* Agrees on the first method of the initiator's list that this target offers. */
uint16_t auth_negotiate(struct auth *auth, const char *list, struct text_out *out)
{
	const char *item;
	size_t len, i;

	if (auth->method)
		return LOGIN_INITIATOR_ERROR;
	while (text_list_next(&list, &item, &len)) {
		for (i = 0; i < sizeof(auth_methods) / sizeof(auth_methods[0]); i++) {
			if (!text_item_is(item, len, auth_methods[i].name))
				continue;
			auth->method = &auth_methods[i];
			text_put(out, "AuthMethod", auth->method->name);
			return LOGIN_OK;
		}
	}
	return LOGIN_AUTH_FAILED;
}

bool auth_complete(const struct auth *auth)
{
	return !auth->method || auth->method->no_exchange;
}

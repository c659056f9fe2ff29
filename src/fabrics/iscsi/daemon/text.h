/* SPDX-License-Identifier: GPL-2.0-only */
/* Text segments of login and text PDUs, RFC 7143 6.1. */
#ifndef ISCSID_TEXT_H
#define ISCSID_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 7143 6.2: every node must be able to receive so much text in one sequence. */
#define TEXT_IN_MAX	8192
#define TEXT_KEY_MAX	63
#define TEXT_VALUE_MAX	255
#define TEXT_NAME_MAX	223
#define TEXT_NAME_SIZE	(TEXT_NAME_MAX + 1)

/* Text received so far.  It never grows beyond TEXT_IN_MAX. */
struct text_in {
	char *buf;
	size_t len;
	size_t cap;
};

/* One key=value pair.  @value ends with NUL, @key does not. */
struct text_pair {
	const char *key;
	size_t key_len;
	const char *value;
	size_t value_len;
};

/*
 * Text to send.  A pair that does not fit sets @overflow, and nothing is added any more.
 */
struct text_out {
	char *buf;
	size_t size;
	size_t len;
	bool overflow;
};

void text_in_free(struct text_in *in);
char *text_in_reserve(struct text_in *in, size_t len);

int text_next(const struct text_in *in, size_t *pos, struct text_pair *pair);
bool text_key_is(const struct text_pair *pair, const char *name);

void text_put(struct text_out *out, const char *key, const char *value);
void text_put_pair(struct text_out *out, const struct text_pair *pair, const char *value);
void text_put_number(struct text_out *out, const char *key, uint32_t value);

bool text_number(const char *value, uint32_t *number);
bool text_boolean(const char *value, bool *yes);
bool text_list_next(const char **list, const char **item, size_t *len);
bool text_item_is(const char *item, size_t len, const char *name);
bool text_iscsi_name(const char *value, char name[TEXT_NAME_SIZE]);

#endif /* ISCSID_TEXT_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing and building of key=value text, RFC 7143 6.1, within fixed bounds.
 * Pure logic: login.c, keys.c, auth.c, discovery.c and addr.c call in.  This file does
 * not know what a key means.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_in_free(struct text_in *in)
{
	free(in->buf);
	*in = (struct text_in){ 0 };
}

/*
 * Makes room for a data segment of @len bytes and its padding behind the present text.
 * Returns NULL when the whole text would be longer than TEXT_IN_MAX, or when
 * there is no memory.  The caller adds @len to in->len when the bytes have come.
 */
char *text_in_reserve(struct text_in *in, size_t len)
{
	size_t need;
	char *buf;

	if (len > TEXT_IN_MAX || in->len > TEXT_IN_MAX - len)
		return NULL;
	/* Reserve at least 4 bytes, so that NULL always means failure. */
	need = in->len + (len ? (len + 3) & ~(size_t)3 : 4);
	if (need > in->cap) {
		buf = realloc(in->buf, need);
		if (!buf)
			return NULL;
		in->buf = buf;
		in->cap = need;
	}
	return in->buf + in->len;
}

static bool letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool key_char(char c)
{
	return letter(c) || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '+' || c == '@' || c == '_' || c == '#';
}

/*
 * Finds the next pair behind *@pos.  Returns 1 with @pair set, 0 at the end, -1 when
 * the text breaks the format: a string without its NUL, without "=", or with a
 * key that is no standard-label.  Two exceptions are allowed, because the standard itself
 * has such keys: "#", as in X# extension keys, and a small first letter, as in
 * iSCSIProtocolLevel.
 */
int text_next(const struct text_in *in, size_t *pos, struct text_pair *pair)
{
	const char *str, *end, *eq;
	size_t i;

	while (*pos < in->len && !in->buf[*pos])
		(*pos)++;
	if (*pos == in->len)
		return 0;

	str = in->buf + *pos;
	end = memchr(str, '\0', in->len - *pos);
	if (!end)
		return -1;
	eq = memchr(str, '=', (size_t)(end - str));
	if (!eq)
		return -1;

	pair->key = str;
	pair->key_len = (size_t)(eq - str);
	pair->value = eq + 1;
	pair->value_len = (size_t)(end - eq - 1);
	if (!pair->key_len || pair->key_len > TEXT_KEY_MAX || !letter(str[0]))
		return -1;
	for (i = 1; i < pair->key_len; i++)
		if (!key_char(str[i]))
			return -1;
	*pos += (size_t)(end - str) + 1;
	return 1;
}

bool text_key_is(const struct text_pair *pair, const char *name)
{
	return text_item_is(pair->key, pair->key_len, name);
}

static void text_put_bytes(struct text_out *out, const char *key, size_t key_len,
			   const char *value)
{
	size_t value_len = strlen(value);
	char *p;

	if (out->overflow || key_len + value_len + 2 > out->size - out->len) {
		out->overflow = true;
		return;
	}
	p = out->buf + out->len;
	memcpy(p, key, key_len);
	p[key_len] = '=';
	memcpy(p + key_len + 1, value, value_len + 1);
	out->len += key_len + value_len + 2;
}

void text_put(struct text_out *out, const char *key, const char *value)
{
	text_put_bytes(out, key, strlen(key), value);
}

/* Answers @pair with @value.  The key may be an unknown one. */
void text_put_pair(struct text_out *out, const struct text_pair *pair, const char *value)
{
	text_put_bytes(out, pair->key, pair->key_len, value);
}

void text_put_number(struct text_out *out, const char *key, uint32_t value)
{
	char digits[12];

	snprintf(digits, sizeof(digits), "%u", value);
	text_put(out, key, digits);
}

/*
 * Reads a decimal-constant or hex-constant that fits 32 bits.  No sign, no blanks,
 * no leading zeros in decimal.
 */
bool text_number(const char *value, uint32_t *number)
{
	uint64_t n = 0;
	unsigned int base = 10, digit;

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		base = 16;
		value += 2;
	} else if (value[0] == '0' && value[1]) {
		return false;
	}
	if (!*value)
		return false;
	for (; *value; value++) {
		if (*value >= '0' && *value <= '9')
			digit = (unsigned int)(*value - '0');
		else if (base == 16 && *value >= 'a' && *value <= 'f')
			digit = (unsigned int)(*value - 'a') + 10;
		else if (base == 16 && *value >= 'A' && *value <= 'F')
			digit = (unsigned int)(*value - 'A') + 10;
		else
			return false;
		n = n * base + digit;
		if (n > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)n;
	return true;
}

bool text_boolean(const char *value, bool *yes)
{
	*yes = !strcmp(value, "Yes");
	return *yes || !strcmp(value, "No");
}

/* Steps through "a,b,c".  *@list is NULL after the last item. */
bool text_list_next(const char **list, const char **item, size_t *len)
{
	const char *comma;

	if (!*list)
		return false;
	*item = *list;
	comma = strchr(*list, ',');
	*len = comma ? (size_t)(comma - *list) : strlen(*list);
	*list = comma ? comma + 1 : NULL;
	return true;
}

bool text_item_is(const char *item, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(item, name, len);
}

/*
 * Checks an iSCSI name and folds ASCII to lower case, as RFC 3722 prepares it.
 * Bytes above ASCII are copied as they are: the other side must have prepared them.
 */
bool text_iscsi_name(const char *value, char name[TEXT_NAME_SIZE])
{
	size_t i;

	for (i = 0; value[i]; i++) {
		unsigned char c = (unsigned char)value[i];

		if (i == TEXT_NAME_MAX)
			return false;
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == ':' || c == '-' || c >= 0x80))
			return false;
		name[i] = (char)c;
	}
	name[i] = '\0';
	return i > 0;
}

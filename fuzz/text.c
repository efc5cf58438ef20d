/* SPDX-License-Identifier: MIT */
#include "fuzz/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct text_line *l)
{
	while (l->at < l->end && is_blank(*l->at))
		l->at++;
}

bool text_word(struct text_line *l, struct text_word *word)
{
	skip_blanks(l);
	word->start = l->at;
	while (l->at < l->end && !is_blank(*l->at))
		l->at++;
	word->len = (size_t)(l->at - word->start);
	return word->len != 0;
}

bool text_at_end(struct text_line *l)
{
	skip_blanks(l);
	return l->at == l->end;
}

bool text_is(const struct text_word *word, const char *literal)
{
	return strlen(literal) == word->len && memcmp(word->start, literal, word->len) == 0;
}

bool text_integer(const struct text_word *word, s64 min, s64 max, s64 *value)
{
	bool negative = word->len != 0 && word->start[0] == '-';
	size_t i = negative ? 1 : 0;
	s64 v = 0;

	if (i == word->len)
		return false;
	for (; i < word->len; i++) {
		char c = word->start[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, c - '0', &v))
			return false;
	}
	*value = negative ? -v : v;
	return *value >= min && *value <= max;
}

bool text_key_value(const struct text_word *word, struct text_word *key, struct text_word *value)
{
	const char *equals = memchr(word->start, '=', word->len);

	if (!equals)
		return false;
	key->start = word->start;
	key->len = (size_t)(equals - word->start);
	value->start = equals + 1;
	value->len = word->len - key->len - 1;
	return true;
}

int text_fail(struct text_line *l, const char *at, const char *fmt, ...)
{
	va_list args;

	l->error->line = l->line;
	l->error->column = (u32)(at - l->start) + 1;
	va_start(args, fmt);
	vsnprintf(l->error->message, sizeof(l->error->message), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* The word for a message: shortened, and bytes that would garble a terminal replaced. */
static void show_word(const struct text_word *word, char *buf, size_t size)
{
	size_t n = min(word->len, size - 1);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)word->start[i];

		buf[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	buf[n] = 0;
	if (n < word->len && n > 3)
		memcpy(buf + n - 3, "...", 3);
}

int text_expected(struct text_line *l, const struct text_word *found, const char *what, const char *near)
{
	char shown[48];

	if (found->len == 0)
		return text_fail(l, found->start, "expected %s, found the end of the line", what);
	show_word(found, shown, sizeof(shown));
	if (near)
		return text_fail(l, found->start, "expected %s, found '%s'; did you mean '%s'?", what, shown, near);
	return text_fail(l, found->start, "expected %s, found '%s'", what, shown);
}

#define NEAREST_LEN 32

/* Levenshtein distance; both at most NEAREST_LEN long. */
static u32 edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	u32 row[NEAREST_LEN + 1];

	for (u32 j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		u32 diagonal = row[0];

		row[0] = (u32)i;
		for (size_t j = 1; j <= b_len; j++) {
			u32 substitute = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min(row[j], row[j - 1]) + 1;
			row[j] = min(row[j], substitute);
		}
	}
	return row[b_len];
}

static size_t common_prefix(const struct text_word *word, const char *name)
{
	size_t n = 0;

	while (n < word->len && name[n] && name[n] == word->start[n])
		n++;
	return n;
}

const char *text_nearest(const struct text_word *word, const char *const *names)
{
	const char *best = NULL;
	u32 best_distance;

	if (word->len == 0 || word->len > NEAREST_LEN)
		return NULL;
	best_distance = max((u32)word->len / 2, 1u) + 1; /* further than half the word away is a guess, not help */
	for (; *names; names++) {
		size_t len = strlen(*names);
		u32 distance;

		if (len == 0 || len > NEAREST_LEN)
			continue;
		distance = edit_distance(word->start, word->len, *names, len);
		if (distance < best_distance ||
		    (best && distance == best_distance && common_prefix(word, *names) > common_prefix(word, best))) {
			best_distance = distance;
			best = *names;
		}
	}
	return best;
}

bool text_copy(const struct text_word *word, char *buf, size_t size)
{
	if (word->len >= size)
		return false;
	memcpy(buf, word->start, word->len);
	buf[word->len] = 0;
	return true;
}

void text_put(struct text_out *out, const char *fmt, ...)
{
	size_t room = out->len < out->size ? out->size - out->len : 0;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(room ? out->buf + out->len : NULL, room, fmt, args);
	va_end(args);
	if (n > 0)
		out->len += (size_t)n;
}

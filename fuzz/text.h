/* SPDX-License-Identifier: MIT */
/* Small tools for reading text by people: where an error is, what was expected, and the nearest name that exists. */
#ifndef PFNSTORM_FUZZ_TEXT_H
#define PFNSTORM_FUZZ_TEXT_H

#include "core/rt/types.h"

/* Line and column count from 1; columns are bytes. A token has line 1 and the column of the bad character. */
struct text_error {
	u32 line, column;
	char message[256];
};

/* A line being read: words are separated by blanks. */
struct text_line {
	const char *start, *end; /* without the newline */
	const char *at;          /* the next unread character */
	u32 line;
	struct text_error *error;
};

struct text_word {
	const char *start;
	size_t len;
};

/* The next word, or false at the end of the line (then word->start is the end and len 0: a place for errors). */
bool text_word(struct text_line *l, struct text_word *word);
/* True if nothing but blanks is left. */
bool text_at_end(struct text_line *l);
bool text_is(const struct text_word *word, const char *literal);
/* Decimal, optionally negative, all of the word, within [min, max]. */
bool text_integer(const struct text_word *word, s64 min, s64 max, s64 *value);
/* Splits "key=value"; false if there is no "=". */
bool text_key_value(const struct text_word *word, struct text_word *key, struct text_word *value);
/* Records an error at @at (a pointer into the line) and returns -EINVAL, so that callers can return it. */
int __attribute__((format(printf, 3, 4))) text_fail(struct text_line *l, const char *at, const char *fmt, ...);
/* "expected <what>, found 'word'" or "…, found the end of the line", plus ", did you mean 'x'?" if @near is not NULL.
 */
int text_expected(struct text_line *l, const struct text_word *found, const char *what, const char *near);
/* The name nearest to @word by edit distance among @names (NULL-terminated), or NULL if none is near. */
const char *text_nearest(const struct text_word *word, const char *const *names);
/* Copies the word into @buf, terminated; false if it does not fit. */
bool text_copy(const struct text_word *word, char *buf, size_t size);

/* Appends to a buffer like snprintf, keeping count of what would have been written. */
struct text_out {
	char *buf;
	size_t size, len;
};
void __attribute__((format(printf, 2, 3))) text_put(struct text_out *out, const char *fmt, ...);

#endif

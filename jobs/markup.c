/* SPDX-License-Identifier: MIT */
#include "jobs/markup.h"

#include <stdlib.h>
#include <string.h>

#include "core/rt/types.h"

#define REPLACEMENT 0xfffd

/* How many bytes follow the first one of a character; -1: it is none. */
static int followers(u8 first)
{
	return first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
}

static bool is_harmless(u32 c)
{
	if (c == '\n' || c == '\t')
		return true;
	/* Also the second set of controls, and those that turn the direction of what follows. */
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return false;
	return (c < 0xd800 || c > 0xdfff) && (c & 0xfffe) != 0xfffe && c <= 0x10ffff;
}

/* The next character; *@text moves on. What is none costs one byte. */
static u32 next(const char **text)
{
	static const u32 least[] = {0, 0x80, 0x800, 0x10000};
	const u8 *at = (const u8 *)*text;
	int more = followers(*at);
	u32 c = more < 0 ? REPLACEMENT : more == 0 ? *at : *at & (0x3f >> more);

	(*text)++;
	for (int i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (more < 0 || c < least[more])
		return REPLACEMENT;
	*text += more;
	return is_harmless(c) ? c : REPLACEMENT;
}

static void put(FILE *out, u32 c)
{
	if (c < 0x80) {
		fputc((int)c, out);
	} else if (c < 0x800) {
		fputc((int)(0xc0 | c >> 6), out);
		fputc((int)(0x80 | (c & 0x3f)), out);
	} else {
		if (c < 0x10000) {
			fputc((int)(0xe0 | c >> 12), out);
		} else {
			fputc((int)(0xf0 | c >> 18), out);
			fputc((int)(0x80 | (c >> 12 & 0x3f)), out);
		}
		fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
		fputc((int)(0x80 | (c & 0x3f)), out);
	}
}

static const char *entity(u32 c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_markup(FILE *out, u32 c)
{
	if (entity(c))
		fputs(entity(c), out);
	else
		put(out, c);
}

void markup_text(FILE *out, const char *text)
{
	while (*text)
		put_markup(out, next(&text));
}

void markup_attribute(FILE *out, const char *text)
{
	while (*text) {
		u32 c = next(&text);

		if (c == '\n' || c == '\t')
			fprintf(out, "&#%u;", c);
		else
			put_markup(out, c);
	}
}

void markup_line(FILE *out, const char *text)
{
	while (*text) {
		u32 c = next(&text);

		put(out, c == '\n' || c == '\t' ? ' ' : c);
	}
}

void markup_label(FILE *out, const char *text)
{
	while (*text) {
		u32 c = next(&text);

		if (c == '\\' || c == '"' || c == '\n')
			fputc('\\', out);
		put(out, c == '\n' ? 'n' : c);
	}
}

char *markup_clean(const char *text)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		abort();
	while (*text)
		put(out, next(&text));
	fclose(out);
	return clean;
}

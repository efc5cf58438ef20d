/* SPDX-License-Identifier: MIT */
/* Scenarios from files, standard input and tokens; declared in scenario.h. */
#include <stdio.h>
#include <string.h>

#include "fuzz/scenario.h"
#include "fuzz/token.h"

static int read_all(FILE *file, char *buf, size_t size, size_t *len)
{
	*len = fread(buf, 1, size, file);
	if (ferror(file))
		return -EIO;
	return *len == size ? -EFBIG : 0;
}

static int read_source(const char *source, char *buf, size_t size, size_t *len)
{
	FILE *file = strcmp(source, "-") == 0 ? stdin : fopen(source, "re");
	int ret;

	if (!file)
		return -errno;
	ret = read_all(file, buf, size, len);
	if (file != stdin)
		fclose(file);
	return ret;
}

int scenario_load(const char *source, struct scenario *s, char *message, size_t size)
{
	static char buf[SCENARIO_TEXT_MAX + 1];
	const char *name = strcmp(source, "-") == 0 ? "standard input" : source;
	struct text_error error = {0};
	size_t len;
	int ret;

	if (token_is(source)) {
		ret = token_decode(source, s, &error);
		if (ret)
			snprintf(message, size, "token:1:%u: %s", error.column, error.message);
		return ret;
	}
	ret = read_source(source, buf, SCENARIO_TEXT_MAX, &len);
	if (ret == -EFBIG)
		snprintf(message, size, "%s: expected a scenario of at most %d bytes", name, SCENARIO_TEXT_MAX - 1);
	else if (ret)
		snprintf(message, size, "%s: %s", name, strerror(-ret));
	if (ret)
		return ret;
	buf[len] = 0;
	/* A file may hold a token, as crash folders do. */
	ret = token_is(buf) ? token_decode(buf, s, &error) : scenario_parse(buf, len, s, &error);
	if (ret)
		snprintf(message, size, "%s:%u:%u: %s", name, error.line, error.column, error.message);
	return ret;
}

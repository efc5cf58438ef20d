/* SPDX-License-Identifier: MIT */
/* The token reader: bytes as the content of a token with a right checksum, so that it gets past the shell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/token.h"

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "token: %s\n", what);
	abort();
}

static void run(const u8 *data, size_t size)
{
	static struct scenario a, b;
	static char text[SCENARIO_TEXT_MAX], token[TOKEN_MAX];
	struct text_error error = {0};

	if (token_wrap(data, size, token, sizeof(token)) < 0)
		return;
	if (token_decode(token, &a, &error)) {
		require(error.line && error.column && error.message[0], "an error has no place or no text");
		return;
	}
	require(!scenario_error(&a), "a token was accepted that cannot be run");
	require(scenario_print(&a, text, sizeof(text)) < sizeof(text), "a printed scenario is too long");
	if (scenario_parse(text, strlen(text), &b, &error)) {
		fprintf(stderr, "%u:%u: %s in:\n%s", error.line, error.column, error.message, text);
		require(false, "printed text is not accepted");
	}
	require(scenario_equal(&a, &b), "text does not read back equal");
	require(token_encode(&a, token, sizeof(token)) > 0, "there is no token");
	require(token_decode(token, &b, &error) == 0 && scenario_equal(&a, &b), "the token does not read back equal");
}

const struct fuzz_target fuzz_target = {
	.name = "token",
	.help = "reads bytes as the content of a token and checks that text and token agree",
	.run = run,
};

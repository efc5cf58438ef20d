/* SPDX-License-Identifier: MIT */
/* The text parser: whatever it accepts prints canonically, reads back equal, and survives token and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/token.h"

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "scenario: %s\n", what);
	abort();
}

static void run(const u8 *data, size_t size)
{
	static struct scenario a, b;
	static char text[SCENARIO_TEXT_MAX], again[SCENARIO_TEXT_MAX], token[TOKEN_MAX];
	static u8 bytes[SCENARIO_BYTES_MAX];
	struct text_error error = {0};
	size_t len;
	ssize_t n;

	if (scenario_parse((const char *)data, size, &a, &error)) {
		require(error.line && error.column && error.message[0], "an error has no place or no text");
		return;
	}
	require(!scenario_error(&a), "the parser accepted what cannot be run");
	len = scenario_print(&a, text, sizeof(text));
	require(len < sizeof(text), "a printed scenario is too long");
	require(scenario_parse(text, len, &b, &error) == 0, "printed text is not accepted");
	require(scenario_equal(&a, &b), "text does not read back equal");
	require(scenario_print(&b, again, sizeof(again)) == len && memcmp(text, again, len) == 0,
		"printed text is not canonical");
	require(token_encode(&a, token, sizeof(token)) > 0, "there is no token");
	require(token_decode(token, &b, &error) == 0 && scenario_equal(&a, &b), "the token does not read back equal");
	n = scenario_encode(&a, bytes, sizeof(bytes), NULL, 0);
	if (n < 0)
		return;
	scenario_decode(bytes, (size_t)n, &a.machine.sw, &b);
	require(scenario_nr_ops(&a) == scenario_nr_ops(&b) && a.schedule.count == b.schedule.count,
		"bytes do not read back equal");
}

const struct fuzz_target fuzz_target = {
	.name = "scenario",
	.help = "reads text as a scenario and checks that all three spellings agree",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include "fuzz/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/rt/random.h"

static const char text[] =
	"pfnstorm 1\n"
	"name     everything a token holds\n"
	"machine  geometry=tiny boot=cma memory=pso cpus=3 nodes=2 blocks=8 online=0-2 normal=4 movable=5 "
	"offline=6-7\n"
	"design   pfn_walk=unsynchronised\n"
	"seed     12345678901234567890\n"
	"boot     alloc movable order=0 count=40 as filler\n"
	"task walker on cpu0\n"
	"         compact zone=Movable\n"
	"         verify filler\n"
	"task remover on cpu2\n"
	"         offline block=4\n"
	"         signal walker\n"
	"expect   oops use-after-free memmap\n"
	"schedule start remover\n"
	"schedule switch walker -> remover at op.begin #1\n"
	"schedule switch remover -> walker at lock zone.lock #1 after op.begin #2\n"
	"schedule switch walker -> remover at +17 after op.end #3 build=ab12cd34\n"
	"schedule switch remover -> task/9 at block #1 after task.start #1\n"
	"schedule choose fault kmalloc #2 = 1\n"
	"schedule choose callback #1 = 3\n"
	"schedule choose work #1 = 1\n"
	"schedule choose timer #2 = 2\n"
	"schedule choose drain store #2 = 1\n";

static struct scenario a, b;
static char token[TOKEN_MAX];

static void make_token(void)
{
	struct text_error error = {0};

	if (scenario_parse(text, strlen(text), &a, &error))
		fail_msg("%u:%u: %s", error.line, error.column, error.message);
	assert_true(token_encode(&a, token, sizeof(token)) > 0);
}

static void token_holds_the_whole_scenario(void **state)
{
	static char printed[SCENARIO_TEXT_MAX], again[TOKEN_MAX];
	struct text_error error = {0};

	(void)state;
	make_token();
	assert_true(token_is(token));
	assert_false(token_is(text));
	assert_int_equal(strspn(token + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
			 strlen(token) - 5);
	if (token_decode(token, &b, &error))
		fail_msg("%u: %s", error.column, error.message);
	assert_true(scenario_equal(&a, &b));
	scenario_print(&b, printed, sizeof(printed));
	assert_string_equal(printed, text);
	assert_true(token_encode(&b, again, sizeof(again)) > 0);
	assert_string_equal(again, token);
}

static void token_needs_room(void **state)
{
	char small[64];

	(void)state;
	make_token();
	assert_int_equal(token_encode(&a, small, sizeof(small)), -ENOSPC);
	assert_int_equal(token_encode(&a, token, strlen(token) + 1), (ssize_t)strlen(token));
}

static void every_changed_character_is_found(void **state)
{
	static char damaged[TOKEN_MAX];
	struct text_error error;
	size_t len;

	(void)state;
	make_token();
	len = strlen(token);
	for (size_t i = 0; i < len; i++) {
		memcpy(damaged, token, len + 1);
		damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
		memset(&error, 0, sizeof(error));
		if (token_decode(damaged, &b, &error) != -EINVAL)
			fail_msg("accepted with character %zu changed", i);
		assert_int_equal(error.line, 1);
		assert_in_range(error.column, 1, len + 1);
		assert_non_null(strstr(error.message, "expected"));
	}
	for (size_t i = 0; i < len; i++) {
		memcpy(damaged, token, len);
		damaged[i] = 0;
		assert_int_equal(token_decode(damaged, &b, &error), -EINVAL);
	}
}

static void errors_name_the_position(void **state)
{
	static char damaged[TOKEN_MAX + 8];
	struct text_error error = {0};

	(void)state;
	make_token();
	assert_int_equal(token_decode("pfn2:AAAA.00000000", &b, &error), -EINVAL);
	assert_int_equal(error.column, 4);
	assert_string_equal(error.message, "expected 'pfn1:' (the start of a token), found '2'");
	assert_int_equal(token_decode("pfn1:AA+A.00000000", &b, &error), -EINVAL);
	assert_int_equal(error.column, 8);
	assert_string_equal(error.message, "expected a base64url digit or '.', found '+'");
	snprintf(damaged, sizeof(damaged), "%s", token);
	*strchr(damaged, '.') = 0;
	assert_int_equal(token_decode(damaged, &b, &error), -EINVAL);
	assert_int_equal(error.column, strlen(damaged) + 1);
	snprintf(damaged, sizeof(damaged), "%s x", token);
	assert_int_equal(token_decode(damaged, &b, &error), -EINVAL);
	assert_int_equal(error.column, strlen(token) + 2);
	assert_string_equal(error.message, "expected the end of the token, found 'x'");
	snprintf(damaged, sizeof(damaged), " %s\n", token);
	assert_int_equal(token_decode(damaged, &b, &error), 0);
}

static int value_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return (int)(strchr(digits, c) - digits);
}

/* Changes a digit or two of the token and makes the checksum right again. */
static void damage(char *t, struct rt_random *random)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static u8 binary[TOKEN_MAX];
	char *start = t + sizeof(TOKEN_PREFIX) - 1, *dot = strchr(t, '.');
	size_t len = 0;
	u32 bits = 0, n = 0;

	for (u32 i = 1 + rt_random_below(random, 2); i; i--)
		start[rt_random_below(random, (u32)(dot - start) - 1)] = digits[rt_random_below(random, 64)];
	for (char *p = start; p < dot; p++) {
		bits = bits << 6 | (u32)value_of(*p);
		n += 6;
		if (n >= 8) {
			n -= 8;
			binary[len++] = (u8)(bits >> n);
		}
	}
	sprintf(dot, ".%08x", XXH32(binary, len, 0));
}

/* Valid base64 and checksum around any content: refused, or a scenario that can be printed and read again. */
static void hostile_content_is_refused(void **state)
{
	static char printed[SCENARIO_TEXT_MAX], again[TOKEN_MAX];
	struct rt_random random;
	struct text_error error;

	(void)state;
	make_token();
	rt_random_seed(&random, 7);
	for (u32 i = 0; i < 20000; i++) {
		struct text_error parse_error = {0};

		make_token();
		damage(token, &random);
		if (token_decode(token, &b, &error))
			continue;
		assert_null(scenario_error(&b));
		assert_true(scenario_print(&b, printed, sizeof(printed)) < sizeof(printed));
		if (scenario_parse(printed, strlen(printed), &a, &parse_error))
			fail_msg("%u:%u: %s in:\n%s", parse_error.line, parse_error.column, parse_error.message,
				 printed);
		assert_true(scenario_equal(&a, &b));
		assert_true(token_encode(&a, again, sizeof(again)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_holds_the_whole_scenario),   cmocka_unit_test(token_needs_room),
		cmocka_unit_test(every_changed_character_is_found), cmocka_unit_test(errors_name_the_position),
		cmocka_unit_test(hostile_content_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The entry points every engine calls, in libFuzzer's names: AFL++'s glue and its mutator call them too. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/feedback.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const u8 *a, size_t a_size, const u8 *b, size_t b_size, u8 *out, size_t max_size,
				 unsigned int seed);
/* libFuzzer's own mutations; absent with other engines. */
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size) __attribute__((weak));

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	engine_name_is((*argv)[0]);
	if (engine_wants_help(*argc, *argv))
		exit(0);
	engine_set_options(argc, argv);
	engine_start();
	if (engine_self_test())
		exit(0);
	return 0;
}

/* Of MSan's runtime: an engine that is not built with MSan, as AFL++'s driver, copies the input without telling. */
void __msan_unpoison(const volatile void *at, size_t size) __attribute__((weak));

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (__msan_unpoison)
		__msan_unpoison(data, size);
	fuzz_target.run(data, size);
	engine_report_input();
	if (fuzz_target.scenarios && !(feedback_wanted & FEEDBACK_EDGES))
		engine_forget_coverage();
	engine_publish_feedback();
	return 0;
}

/* Text and tokens become bytes before they are changed; 0 if they do not fit. */
static size_t as_bytes(const u8 *data, size_t size, u8 *out, size_t max_size)
{
	static struct scenario s;
	ssize_t len;

	engine_decode(data, size, &s);
	len = scenario_encode(&s, out, max_size, NULL, 0);
	return len > 0 ? (size_t)len : 0;
}

static bool is_spelled(const u8 *data, size_t size)
{
	return size > 3 && memcmp(data, "pfn", 3) == 0;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed)
{
	static u8 bytes[SCENARIO_BYTES_MAX];
	size_t len;

	if (!fuzz_target.scenarios)
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max_size) : size;
	if (is_spelled(data, size)) {
		len = as_bytes(data, size, bytes, sizeof(bytes));
		if (len && len <= max_size) {
			memcpy(data, bytes, len);
			size = len;
		}
	}
	return mutate_scenario(data, size, max_size, seed, engine_mutations(), &places_seen);
}

size_t LLVMFuzzerCustomCrossOver(const u8 *a, size_t a_size, const u8 *b, size_t b_size, u8 *out, size_t max_size,
				 unsigned int seed)
{
	static u8 a_bytes[SCENARIO_BYTES_MAX], b_bytes[SCENARIO_BYTES_MAX];

	if (!fuzz_target.scenarios)
		return 0;
	if (is_spelled(a, a_size)) {
		a_size = as_bytes(a, a_size, a_bytes, sizeof(a_bytes));
		a = a_bytes;
	}
	if (is_spelled(b, b_size)) {
		b_size = as_bytes(b, b_size, b_bytes, sizeof(b_bytes));
		b = b_bytes;
	}
	return mutate_crossover(a, a_size, b, b_size, out, max_size, seed);
}

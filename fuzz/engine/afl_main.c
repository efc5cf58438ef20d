/* SPDX-License-Identifier: MIT */
/*
 * AFL++: one process, many inputs from shared memory (persistent mode).
 *
 * AFL++'s compiler does not compile this project (it would drop the callbacks that are the scheduling points), only
 * link it; so what its macros __AFL_FUZZ_INIT, __AFL_INIT and __AFL_LOOP stand for is written out here. afl-fuzz
 * recognises the two modes by the strings.
 *
 *   afl_race             under afl-fuzz; by hand: one input from standard input
 *   afl_race FILE…       runs each file
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/rt/types.h"

#define INPUT_MAX (1 << 20)
#define RUNS_PER_PROCESS 1000000u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int __afl_persistent_loop(unsigned int max_runs);
void __afl_manual_init(void);
extern u8 *__afl_fuzz_ptr;
extern u32 *__afl_fuzz_len;
extern int __afl_sharedmem_fuzzing;
int __afl_sharedmem_fuzzing = 1;

static const char persistent_signature[] __attribute__((used)) = "##SIG_AFL_PERSISTENT##";
static const char deferred_signature[] __attribute__((used)) = "##SIG_AFL_DEFER_FORKSRV##";

static size_t read_input(FILE *file, u8 *buf)
{
	return fread(buf, 1, INPUT_MAX, file);
}

static int run_files(int argc, char **argv, u8 *buf)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "re");

		if (!file) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 2;
		}
		LLVMFuzzerTestOneInput(buf, read_input(file, buf));
		fclose(file);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static u8 buf[INPUT_MAX];

	LLVMFuzzerInitialize(&argc, &argv);
	if (argc > 1)
		return run_files(argc, argv, buf);
	__afl_manual_init();
	/* Between two inputs we are stopped, and would be so for ever if afl-fuzz and its fork server were killed now.
	 */
	if (getenv("__AFL_SHM_ID"))
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (__afl_persistent_loop(RUNS_PER_PROCESS)) {
		if (__afl_fuzz_ptr)
			LLVMFuzzerTestOneInput(__afl_fuzz_ptr, *__afl_fuzz_len);
		else
			LLVMFuzzerTestOneInput(buf, read_input(stdin, buf));
	}
	return 0;
}

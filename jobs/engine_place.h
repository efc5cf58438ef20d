/* SPDX-License-Identifier: MIT */
/* Where the programs of fuzz targets are: those of libFuzzer are called fuzz_TARGET, those of AFL++ afl_TARGET. */
#ifndef PFNSTORM_JOBS_ENGINE_PLACE_H
#define PFNSTORM_JOBS_ENGINE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum engine_kind { ENGINE_LIBFUZZER, ENGINE_AFL, NR_ENGINE_KINDS };

/* "libfuzzer", "afl". */
const char *engine_kind_name(enum engine_kind kind);

/*
 * Finds the program of @target: in @folder (itself, fuzz/bin or afl/bin below it), or, if that is NULL, beside the
 * running tool, in the build of the preset beside it, or in libexec/pfnstorm. Returns @path, or NULL with what was
 * looked through and what to do in @message.
 */
const char *engine_place(enum engine_kind kind, const char *target, const char *folder, char path[PATH_MAX],
			 char *message, size_t size);
/* The same for AFL++'s mutator, a library: beside the AFL++ program @engine, or in ../lib. NULL if it is not there. */
const char *engine_mutator_place(const char *engine, char path[PATH_MAX]);
/* Folder of seeds of @target: of the tree this tool was built in, or of share/pfnstorm. NULL: there is none. */
const char *engine_seeds(const char *target, char path[PATH_MAX]);
/* The same for words of its input, TARGET.dict. */
const char *engine_dictionary(const char *target, char path[PATH_MAX]);
/* A program in @search, a list like PATH; NULL if there is none. */
const char *engine_in_path(const char *name, const char *search, char path[PATH_MAX]);
/* The compiler's name of itself in a program: "clang version 19.1.4". False if the program does not say. */
bool engine_compiler(const char *program, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A run in one printable word: "pfn1:" + base64url(binary) + "." + 8 hexadecimal digits of checksum.
 *
 * Holds everything of a scenario but its provenance: names, machine, switches that differ from the default (by name),
 * operations (by id), expectation, schedule, choices, seed, laws of each step (by name). The same scenario always gives
 * the same token.
 */
#ifndef PFNSTORM_FUZZ_TOKEN_H
#define PFNSTORM_FUZZ_TOKEN_H

#include "fuzz/scenario.h"

#define TOKEN_PREFIX "pfn1:"
#define TOKEN_MAX 49152 /* no token is longer, terminator included */

/* The binary form. Of its number for the machine: bits 0-3 geometry, 4-7 topology, 8-39 boot parameters, 40- memory
 * model. */
#define TOKEN_BINARY_FORMAT 1
#define TOKEN_TOPOLOGY_SHIFT 4
#define TOKEN_BOOT_PARAMS_SHIFT 8
#define TOKEN_MEMORY_SHIFT 40

bool token_is(const char *text); /* starts like one */
/* Writes the terminated token and returns its length, or -ENOSPC. */
ssize_t token_encode(const struct scenario *s, char *buf, size_t size);
/* The printable shell around @binary: prefix, base64url, checksum. Length or -ENOSPC. For tests of the reader. */
ssize_t token_wrap(const u8 *binary, size_t len, char *buf, size_t size);
/* What token_wrap() wrapped, without a look at the checksum. Its length, or -EINVAL: no token, or more than @size. */
ssize_t token_unwrap(const char *token, u8 *binary, size_t size);
/* 0, or -EINVAL with the column of the bad character and what was expected. Blanks around it are allowed. */
int token_decode(const char *text, struct scenario *s, struct text_error *error);

#endif

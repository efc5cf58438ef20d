/* SPDX-License-Identifier: MIT */
/* What a program of the guest prints. */
#ifndef PFNSTORM_ORACLE_OUTPUT_H
#define PFNSTORM_ORACLE_OUTPUT_H

#include "oracle/step.h"

struct output {
	size_t len;
	char text[16384];
};

/* Appends; what does not fit is lost. */
void __attribute__((format(printf, 2, 3))) output_add(struct output *o, const char *fmt, ...);
/* Against the step's output. */
void output_compare(struct oracle_state *s, const struct output *o);

#endif

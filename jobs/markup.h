/* SPDX-License-Identifier: MIT */
/*
 * Texts that somebody else wrote, put where they can do no harm. Everywhere bytes that are no UTF-8, control characters
 * and what XML forbids become U+FFFD; line feeds and tabs stay where that is said.
 */
#ifndef PFNSTORM_JOBS_MARKUP_H
#define PFNSTORM_JOBS_MARKUP_H

#include <stdio.h>

/* Between tags of HTML and XML; line feeds and tabs stay. */
void markup_text(FILE *out, const char *text);
/* Between double quotes of an attribute; line feeds and tabs as references. */
void markup_attribute(FILE *out, const char *text);
/* One line for a terminal: line feeds and tabs become blanks. */
void markup_line(FILE *out, const char *text);
/* A label of the Prometheus text format, between double quotes. */
void markup_label(FILE *out, const char *text);
/* Valid UTF-8, line feeds and tabs as they are. The caller frees it. */
char *markup_clean(const char *text);

#endif

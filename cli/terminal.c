/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "fuzz/token.h"

static bool progress_shown;

bool terminal_colors(FILE *f)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

void terminal_verdict(FILE *f, const struct rt_verdict *verdict)
{
	bool colors = terminal_colors(f);
	const char *on = verdict->kind == VERDICT_ok ? "\033[1;32m" : "\033[1;31m";

	fprintf(f, "%s%s%s", colors ? on : "", verdict_name(verdict->kind), colors ? "\033[0m" : "");
	if (verdict->signature[0])
		fprintf(f, ": %s", verdict->signature);
	fputc('\n', f);
}

void terminal_token(FILE *f, const struct scenario *s)
{
	static char token[TOKEN_MAX];

	if (token_encode(s, token, sizeof(token)) > 0)
		fprintf(f, "token %s\n", token);
}

void terminal_progress(const char *fmt, ...)
{
	static time_t last;
	bool terminal = isatty(STDERR_FILENO);
	time_t now = time(NULL);
	va_list args;

	if (!terminal && last && now - last < 5)
		return;
	last = now;
	if (terminal)
		fputs("\r\033[K", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (!terminal)
		fputc('\n', stderr);
	progress_shown = terminal;
	fflush(stderr);
}

void terminal_progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

const char *terminal_count(double n, char buf[16])
{
	if (n < 10000)
		snprintf(buf, 16, "%.0f", n);
	else if (n < 1e6)
		snprintf(buf, 16, "%.1fk", n / 1e3);
	else if (n < 1e9)
		snprintf(buf, 16, "%.2fM", n / 1e6);
	else
		snprintf(buf, 16, "%.2fG", n / 1e9);
	return buf;
}

const char *terminal_seconds(double s, char buf[24])
{
	unsigned long n = s > 0 ? (unsigned long)s : 0;

	if (s < 60)
		snprintf(buf, 24, "%.1f s", s > 0 ? s : 0);
	else if (n < 3600)
		snprintf(buf, 24, "%lu:%02lu", n / 60, n % 60);
	else
		snprintf(buf, 24, "%lu:%02lu:%02lu", n / 3600 % 100000, n / 60 % 60, n % 60);
	return buf;
}

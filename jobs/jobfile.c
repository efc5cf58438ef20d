/* SPDX-License-Identifier: MIT */
#include "jobs/jobfile.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (NR_JOB_KEYS + 1)
#define LINE_WIDTH 120   /* of printed lines, if they can be broken */
#define INIH_NAME_MAX 49 /* inih cuts what is longer, without a word */

const struct job_kind_info job_kinds[NR_JOB_KINDS] = {
#define JOB_SECTION(id, named, help) {#id, named, help},
#include "jobs/jobfile.def"
};

const struct job_key_info job_keys[NR_JOB_KEYS] = {
#define JOB_KEY(section, id, key, type, expected, fallback, help)                                                      \
	{JOB_##section, key, JOB_##type, expected, fallback, help},
#include "jobs/jobfile.def"
};

/* ---- values ----------------------------------------------------------------------------------------------------- */

bool job_seconds_from(const char *text, double *seconds)
{
	char *end;
	double n = strtod(text, &end);
	double unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;

	*seconds = n * unit;
	return end != text && isdigit((unsigned char)text[0]) && n > 0 && isfinite(n) && *seconds <= 366.0 * 86400 &&
	       (!*end || (strchr("smh", *end) && !end[1]));
}

static bool number_from(const char *text, u64 *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 0);
	return isdigit((unsigned char)text[0]) && !*end && !errno;
}

static bool size_from(const char *text, u64 *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	u64 n;

	errno = 0;
	n = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (!isdigit((unsigned char)text[0]) || errno || !n || (*end && (!unit || end[1])))
		return false;
	*bytes = n << (unit ? 10 * (unit - units + 1) : 0);
	return n <= 1 << 30;
}

bool job_next_word(const char **at, char word[JOB_WORD_MAX])
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	snprintf(word, JOB_WORD_MAX, "%.*s", (int)len, *at);
	*at += len;
	return len > 0;
}

static bool is_choice(const char *words, const char *text)
{
	char word[JOB_WORD_MAX];

	while (job_next_word(&words, word))
		if (strcmp(word, text) == 0)
			return true;
	return false;
}

/* Of names that become names of files. */
static bool is_word(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	return *text;
}

static bool words_fit(const char *text)
{
	for (size_t len; *text; text += len) {
		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (len >= JOB_WORD_MAX)
			return false;
	}
	return true;
}

static bool number_fits(const char *limits, const char *text)
{
	char *end;
	u64 min = strtoull(limits, &end, 0), max = strtoull(end, NULL, 0), n;

	return number_from(text, &n) && n >= min && n <= max;
}

/* NULL if @text may be the value of this key, else what was expected. */
static const char *value_error(const struct job_key_info *info, const char *text)
{
	static char what[128];
	double seconds;
	u64 n;

	switch (info->type) {
	case JOB_TEXT:
	case JOB_PATH:
		return *text ? NULL : "a text";
	case JOB_WORD:
		return is_word(text) ? NULL : "a word of letters, digits, '-' and '_'";
	case JOB_WORDS:
		return *text && words_fit(text) ? NULL : "words of at most 191 characters";
	case JOB_NUMBER:
		snprintf(what, sizeof(what), "a number within %s", info->expected);
		return number_fits(info->expected, text) ? NULL : what;
	case JOB_SECONDS:
		return job_seconds_from(text, &seconds) ? NULL : "a time like 90, 30s, 5m or 2h";
	case JOB_SIZE:
		return size_from(text, &n) ? NULL : "a size like 500M or 20G";
	case JOB_YESNO:
		return is_choice("yes no", text) ? NULL : "yes or no";
	case JOB_CHOICE:
		snprintf(what, sizeof(what), "one of %s", info->expected);
		return is_choice(info->expected, text) ? NULL : what;
	}
	return "nothing";
}

bool job_has(const struct job_section *s, enum job_key key)
{
	return s && s->value[key];
}

const char *job_text(const struct job_section *s, enum job_key key)
{
	return job_has(s, key) ? s->value[key] : job_keys[key].fallback;
}

u64 job_number(const struct job_section *s, enum job_key key)
{
	u64 n;

	return number_from(job_text(s, key), &n) ? n : 0;
}

double job_seconds(const struct job_section *s, enum job_key key)
{
	double n;

	return job_seconds_from(job_text(s, key), &n) ? n : 0;
}

u64 job_size(const struct job_section *s, enum job_key key)
{
	u64 n;

	return size_from(job_text(s, key), &n) ? n : 0;
}

const struct job_section *jobfile_section(const struct jobfile *job, enum job_kind kind)
{
	for (u32 i = 0; i < job->nr_sections; i++)
		if (job->section[i].kind == kind)
			return &job->section[i];
	return NULL;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct reader {
	const char *at, *end;
	struct jobfile *job;
	struct job_section *section; /* NULL: none has begun */
	struct text_error *error;
	u32 line;
	char header[JOB_LINE_MAX]; /* between its brackets */
	bool continued, failed;    /* the line goes on with the value of the one before; something was wrong */
};

static int __attribute__((format(printf, 3, 4))) fail(struct reader *r, u32 column, const char *fmt, ...)
{
	va_list args;

	if (r->failed)
		return 0;
	r->failed = true;
	r->error->line = r->line;
	r->error->column = column;
	va_start(args, fmt);
	vsnprintf(r->error->message, sizeof(r->error->message), fmt, args);
	va_end(args);
	return 0;
}

/* "…, did you mean 'x'?" */
static const char *suggestion(const char *found, const char *const *names)
{
	static char text[96];
	const struct text_word word = {found, strlen(found)};
	const char *near = text_nearest(&word, names);

	snprintf(text, sizeof(text), "%s%s%s", near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return text;
}

static struct job_section *add_section(struct reader *r, enum job_kind kind, const char *name)
{
	struct job_section *s = &r->job->section[r->job->nr_sections];

	for (u32 i = 0; i < r->job->nr_sections; i++)
		if (r->job->section[i].kind == kind && strcmp(r->job->section[i].name, name) == 0) {
			fail(r, 1, "expected each section once, found [%s%s%s] in line %u too", job_kinds[kind].name,
			     *name ? " " : "", name, r->job->section[i].line);
			return NULL;
		}
	if (r->job->nr_sections == JOB_SECTIONS_MAX) {
		fail(r, 1, "expected at most %d sections", JOB_SECTIONS_MAX);
		return NULL;
	}
	*s = (struct job_section){.kind = kind, .line = r->line};
	snprintf(s->name, sizeof(s->name), "%s", name);
	r->job->nr_sections++;
	return s;
}

static void begin_section(struct reader *r, const char *text)
{
	const char *names[NR_JOB_KINDS + 1] = {0};
	char kind[JOB_WORD_MAX], name[JOB_WORD_MAX];
	const char *at = text;
	u32 k = 0;

	r->section = NULL;
	job_next_word(&at, kind);
	job_next_word(&at, name);
	while (k < NR_JOB_KINDS && strcmp(job_kinds[k].name, kind) != 0)
		names[k] = job_kinds[k].name, k++;
	if (k == NR_JOB_KINDS)
		fail(r, 2, "expected a section like [night] or [explore NAME], found [%.60s]%s", text,
		     suggestion(kind, names));
	else if (at[strspn(at, " \t")] || (!job_kinds[k].named && *name))
		fail(r, 2, "expected [%s%s], found [%.60s]", kind, job_kinds[k].named ? " NAME" : "", text);
	else if (job_kinds[k].named && (!is_word(name) || strlen(name) >= JOB_NAME_MAX))
		fail(r, 2, "expected [%s NAME] with a name of less than %d letters, digits, '-' and '_', found [%.60s]",
		     kind, JOB_NAME_MAX, text);
	else
		r->section = add_section(r, (enum job_kind)k, name);
}

/*
 * One line for inih, as fgets() would: NULL at the end, or at an error. Headers are taken here, since inih says nothing
 * of a section without keys; so are lines that it would cut.
 */
static char *next_line(char *buf, int size, void *stream)
{
	struct reader *r = stream;
	size_t left = (size_t)(r->end - r->at), len;
	const char *newline = memchr(r->at, '\n', left), *close;
	if (!left || r->failed)
		return NULL;
	r->line++;
	len = newline ? (size_t)(newline - r->at) : left;
	if (len > JOB_LINE_MAX || (int)len + 2 > size)
		return fail(r, JOB_LINE_MAX,
			    "expected lines of at most %d characters; a value goes on in lines that "
			    "begin with a blank",
			    JOB_LINE_MAX),
		       NULL;
	if (memchr(r->at, 0, len))
		return fail(r, 1, "expected text, found a zero byte"), NULL;
	memcpy(buf, r->at, len);
	buf[len] = '\n';
	buf[len + 1] = 0;
	r->at += len + (newline != NULL);
	r->continued = isspace((unsigned char)buf[0]);
	close = strchr(buf, ']');
	if (buf[0] == '[' && close) {
		snprintf(r->header, sizeof(r->header), "%.*s", (int)(close - buf) - 1, buf + 1);
		begin_section(r, r->header);
		close += 1 + strspn(close + 1, " \t\r");
		if (*close != '\n' && *close != ';' && *close != '#')
			return fail(r, (u32)(close - buf) + 1, "expected nothing behind the section"), NULL;
	}
	return buf;
}

static int unknown_key(struct reader *r, const char *name)
{
	const char *names[NAMES_MAX] = {0};
	u32 n = 0;

	for (u32 k = 0; k < NR_JOB_KEYS; k++)
		if (job_keys[k].section == r->section->kind)
			names[n++] = job_keys[k].key;
	return fail(r, 1, "[%s] has no '%.60s'%s", job_kinds[r->section->kind].name, name, suggestion(name, names));
}

/* Of a line that goes on, of which inih leaves comments where they are. */
static int without_comment(const char *text)
{
	size_t len = 0;

	while (text[len] && !(text[len] == ';' && (!len || isspace((unsigned char)text[len - 1]))))
		len++;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return (int)len;
}

/* A value that goes on in the next line is one text, with a blank between. */
static int take_value(struct reader *r, enum job_key key, const char *text)
{
	char **value = &r->section->value[key], *joined;
	int len = r->continued ? without_comment(text) : (int)strlen(text);

	if (*value && !r->continued)
		return fail(r, 1, "expected '%s' once in a section", job_keys[key].key);
	if (asprintf(&joined, "%s%s%.*s", *value ? *value : "", *value && **value && len ? " " : "", len, text) < 0)
		return fail(r, 1, "no memory");
	if (!*value)
		r->section->value_line[key] = r->line;
	free(*value);
	*value = joined;
	return 1;
}

/* inih calls it for each key, and again for each line that its value goes on in. 0: something is wrong. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	if (r->failed)
		return 0;
	/* A header that inih has seen, and we have not. */
	if (r->section && strncmp(section, r->header, INIH_NAME_MAX) != 0)
		return fail(r, 1, "expected [%.48s] at the beginning of its line", section);
	if (!r->section)
		return fail(r, 1, "expected a section like [night] before '%.60s'", name);
	if (strlen(name) >= INIH_NAME_MAX)
		return unknown_key(r, name);
	for (u32 k = 0; k < NR_JOB_KEYS; k++)
		if (job_keys[k].section == r->section->kind && strcmp(job_keys[k].key, name) == 0)
			return take_value(r, (enum job_key)k, value);
	return unknown_key(r, name);
}

/* Once all lines of it are there. */
static int check_values(struct reader *r, const struct job_section *s)
{
	for (u32 k = 0; k < NR_JOB_KEYS; k++) {
		const char *wrong = s->value[k] ? value_error(&job_keys[k], s->value[k]) : NULL;

		r->line = s->value_line[k];
		if (wrong)
			return fail(r, 1, "[%s%s%s] %s: expected %s, found '%.60s'", job_kinds[s->kind].name,
				    *s->name ? " " : "", s->name, job_keys[k].key, wrong, s->value[k]);
	}
	r->line = s->line;
	if (s->kind == JOB_fuzz && !s->value[JOB_KEY_fuzz_targets])
		return fail(r, 1, "[fuzz %s]: expected targets", s->name);
	if (s->kind == JOB_explore && !s->value[JOB_KEY_explore_input])
		return fail(r, 1, "[explore %s]: expected input", s->name);
	if (s->kind == JOB_stress && !s->value[JOB_KEY_stress_input] && !s->value[JOB_KEY_stress_options])
		return fail(r, 1, "[stress %s]: expected input, or options with a --mix", s->name);
	if (s->kind == JOB_bisect && !s->value[JOB_KEY_bisect_repo])
		return fail(r, 1, "[bisect]: expected repo");
	return 1;
}

int jobfile_parse(const char *text, size_t size, struct jobfile *job, struct text_error *error)
{
	struct reader r = {.at = text, .end = text + size, .job = job, .error = error};
	int line;

	job->nr_sections = 0;
	if (size > JOB_FILE_MAX)
		fail(&r, 1, "expected at most %d bytes, found %zu", JOB_FILE_MAX, size);
	line = r.failed ? 1 : ini_parse_stream(next_line, &r, take_key, &r);
	if (line && !r.failed) {
		r.line = (u32)max(line, 1);
		fail(&r, 1, "expected [SECTION] or KEY = VALUE");
	}
	for (u32 i = 0; i < job->nr_sections && !r.failed; i++)
		check_values(&r, &job->section[i]);
	if (!r.failed && !jobfile_section(job, JOB_night))
		add_section(&r, JOB_night, "");
	if (!r.failed)
		return 0;
	jobfile_free(job);
	return -EINVAL;
}

void jobfile_free(struct jobfile *job)
{
	for (u32 i = 0; i < job->nr_sections; i++)
		for (u32 k = 0; k < NR_JOB_KEYS; k++)
			free(job->section[i].value[k]);
	job->nr_sections = 0;
}

/* ---- printing --------------------------------------------------------------------------------------------------- */

/* A single blank, which a line that goes on stands for; what follows it would not be a comment there. */
static bool may_break(const char *text, const char *at)
{
	return *at == ' ' && at > text && !isspace((unsigned char)at[-1]) && !isspace((unsigned char)at[1]) &&
	       !strchr(";#", at[1]);
}

/* In lines of some length; what cannot be broken came from one line, and fits into one again. */
static void print_value(struct text_out *out, const char *key, const char *value)
{
	size_t used = strlen(key) + 3;

	for (const char *at = value; *at;) {
		const char *end = at + 1;
		bool breaks;

		while (*end && !may_break(value, end))
			end++;
		breaks = at > value && used + (size_t)(end - at) > LINE_WIDTH;
		if (breaks)
			text_put(out, "\n\t%.*s", (int)(end - at) - 1, at + 1);
		else if (at > value)
			text_put(out, "%.*s", (int)(end - at), at);
		else if (*value == ';' || used + (size_t)(end - at) > LINE_WIDTH)
			/* Behind a blank it would begin a comment, or there is no room for one. */
			text_put(out, "%s=%.*s", key, (int)(end - at), at);
		else
			text_put(out, "%s = %.*s", key, (int)(end - at), at);
		used = (breaks ? 0 : used) + (size_t)(end - at);
		at = end;
	}
	text_put(out, *value ? "\n" : "%s =\n", key);
}

size_t jobfile_print(const struct jobfile *job, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};

	for (u32 i = 0; i < job->nr_sections; i++) {
		const struct job_section *s = &job->section[i];

		text_put(&out, "%s[%s%s%s]\n", i ? "\n" : "", job_kinds[s->kind].name, *s->name ? " " : "", s->name);
		for (u32 k = 0; k < NR_JOB_KEYS; k++)
			if (s->value[k])
				print_value(&out, job_keys[k].key, s->value[k]);
	}
	return out.len;
}

bool jobfile_equal(const struct jobfile *a, const struct jobfile *b)
{
	if (a->nr_sections != b->nr_sections)
		return false;
	for (u32 i = 0; i < a->nr_sections; i++) {
		const struct job_section *x = &a->section[i], *y = &b->section[i];

		if (x->kind != y->kind || strcmp(x->name, y->name) != 0)
			return false;
		for (u32 k = 0; k < NR_JOB_KEYS; k++)
			if (!x->value[k] != !y->value[k] || (x->value[k] && strcmp(x->value[k], y->value[k]) != 0))
				return false;
	}
	return true;
}

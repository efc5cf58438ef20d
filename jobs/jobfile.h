/* SPDX-License-Identifier: MIT */
/*
 * The job file of a night: sections of keys and values (INI), known to jobfile.def. Parsed by inih; the checks are
 * ours: what is not known, given twice, out of range or too long is an error with its line.
 */
#ifndef PFNSTORM_JOBS_JOBFILE_H
#define PFNSTORM_JOBS_JOBFILE_H

#include "fuzz/text.h"

#define JOB_SECTIONS_MAX 128
#define JOB_NAME_MAX 32
#define JOB_LINE_MAX 190 /* characters; longer values go on in lines that begin with a blank */
#define JOB_WORD_MAX 192
#define JOB_FILE_MAX 65536

enum job_kind {
#define JOB_SECTION(id, named, help) JOB_##id,
#include "jobs/jobfile.def"
	NR_JOB_KINDS
};
enum job_key {
#define JOB_KEY(section, id, key, type, expected, fallback, help) JOB_KEY_##id,
#include "jobs/jobfile.def"
	NR_JOB_KEYS
};
enum job_type { JOB_WORD, JOB_TEXT, JOB_WORDS, JOB_PATH, JOB_NUMBER, JOB_SECONDS, JOB_SIZE, JOB_YESNO, JOB_CHOICE };

struct job_kind_info {
	const char *name;
	bool named;
	const char *help;
};
extern const struct job_kind_info job_kinds[NR_JOB_KINDS];
struct job_key_info {
	enum job_kind section;
	const char *key;
	enum job_type type;
	const char *expected, *fallback, *help;
};
extern const struct job_key_info job_keys[NR_JOB_KEYS];

struct job_section {
	enum job_kind kind;
	char name[JOB_NAME_MAX]; /* "" if the kind has none */
	u32 line;
	char *value[NR_JOB_KEYS];    /* NULL: not given */
	u32 value_line[NR_JOB_KEYS]; /* where it begins */
};

struct jobfile {
	u32 nr_sections;
	struct job_section section[JOB_SECTIONS_MAX]; /* in the order of the file; [night] is there, given or not */
};

/* 0; -EINVAL with @error set, and then nothing is to be freed. @text need not be terminated. */
int jobfile_parse(const char *text, size_t size, struct jobfile *job, struct text_error *error);
void jobfile_free(struct jobfile *job);
/* Canonical text of what was given; like snprintf returns the length it wants. parse(print(j)) = j. */
size_t jobfile_print(const struct jobfile *job, char *buf, size_t size);
bool jobfile_equal(const struct jobfile *a, const struct jobfile *b);

/* The first section of this kind; NULL: there is none. */
const struct job_section *jobfile_section(const struct jobfile *job, enum job_kind kind);

/* Values, or their defaults; @s NULL has defaults only. Of the type that the table says. */
bool job_has(const struct job_section *s, enum job_key key);
const char *job_text(const struct job_section *s, enum job_key key);
u64 job_number(const struct job_section *s, enum job_key key);
double job_seconds(const struct job_section *s, enum job_key key);
u64 job_size(const struct job_section *s, enum job_key key);
/* The next word of a value from *@at on, in @word; false: there is none. */
bool job_next_word(const char **at, char word[JOB_WORD_MAX]);

/* "90", "30s", "5m", "2h": false if it is none of them, or not above 0. */
bool job_seconds_from(const char *text, double *seconds);

#endif

/* SPDX-License-Identifier: MIT */
#include "crashes/save.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crashes/cause.h"
#include "crashes/explain.h"
#include "crashes/store.h"
#include "fuzz/record.h"
#include "fuzz/token.h"

/* Words of the signature as `expect` takes them: cut at blanks, brackets and commas, the kind's own name left out. */
void save_expect(struct scenario *s, const struct rt_verdict *verdict)
{
	static const char breaks[] = " {},";
	const char *at = verdict->signature;
	size_t len = 0;

	s->expect.set = 1;
	s->expect.kind = verdict->kind;
	s->expect.words[0] = '\0';
	while (*(at += strspn(at, breaks))) {
		size_t word = strcspn(at, breaks);
		bool kind = strlen(verdict_name(verdict->kind)) == word &&
			    strncmp(at, verdict_name(verdict->kind), word) == 0;

		if (!kind && len + word + 2 < sizeof(s->expect.words)) {
			if (len)
				s->expect.words[len++] = ' ';
			memcpy(s->expect.words + len, at, word);
			len += word;
			s->expect.words[len] = '\0';
		}
		at += word;
	}
}

static void take_explanation(struct crash *crash, const struct explanation *e)
{
	crash->verdict = &e->result;
	crash->hash = e->hash;
	crash->steps = e->steps;
	crash->diagram = e->diagram;
	crash->trace = e->trace;
	crash->log = e->log;
	crash->where = e->where[0] ? e->where : NULL;
}

int save_found(struct scenario *s, const char *dir, const struct save_source *source, char *path, size_t path_size,
	       char *error, size_t size)
{
	char cause[FOLDER_CAUSE_MAX];
	struct explanation e;
	struct crash crash = {.scenario = s,
			      .found_by = source->found_by,
			      .exact = true,
			      .hits = source->hits,
			      .runs = source->runs,
			      .seen = source->seen,
			      .once = source->once};
	int ret = record_name_places(s, 0);

	if (ret < 0) {
		snprintf(error, size, "the recorded schedule drifts");
		return ret;
	}
	ret = explain(s, false, EXPLAIN_TEXT, &e, error, size);
	if (ret)
		return ret;
	if (e.result.kind == VERDICT_ok) {
		snprintf(error, size, "the run ends ok under its schedule");
		explanation_free(&e);
		return -ENOENT;
	}
	if (!s->expect.set || !scenario_expected(s, &e.result))
		save_expect(s, &e.result);
	cause_find(s, &e.result, cause);
	crash.cause = cause[0] ? cause : NULL;
	take_explanation(&crash, &e);
	ret = store_add(dir, &crash, path, path_size, error, size);
	explanation_free(&e);
	return ret;
}

int save_crash(struct scenario *s, const char *dir, const char *found_by, char *path, size_t path_size, char *error,
	       size_t size)
{
	const struct save_source source = {.found_by = found_by};

	return save_found(s, dir, &source, path, path_size, error, size);
}

static int update_folder(const struct scenario *s, const char *folder, char *error, size_t size)
{
	struct crash crash = {.scenario = s, .exact = true};
	struct folder_verdict old;
	struct explanation e;
	int ret = explain(s, false, EXPLAIN_TEXT, &e, error, size);

	if (ret)
		return ret;
	/* Folders of known bugs have no verdict; then nothing of it is written either. */
	if (folder_read_verdict(folder, &old, error, size) == 0) {
		crash.found_by = old.found_by;
		crash.cause = old.cause[0] ? old.cause : NULL;
		crash.hits = old.hits;
		crash.runs = old.runs;
		crash.seen = old.seen;
	}
	take_explanation(&crash, &e);
	ret = folder_update(folder, &crash, error, size);
	explanation_free(&e);
	return ret;
}

int save_schedule(const struct scenario *s, const char *source, char *error, size_t size)
{
	struct stat st;
	int ret;

	if (token_is(source) || strcmp(source, "-") == 0)
		return 0;
	if (stat(source, &st) == 0 && S_ISDIR(st.st_mode))
		return update_folder(s, source, error, size);
	ret = folder_update_scenario(source, s);
	if (ret)
		snprintf(error, size, "%s: %s", source, strerror(-ret));
	return ret;
}

/* SPDX-License-Identifier: MIT */
#include "crashes/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/input.h"
#include "crashes/rebase.h"
#include "crashes/store.h"
#include "fuzz/runner.h"

/* One reproducer. Those of a record follow each other, the smallest first. */
struct reproducer {
	char id[RECORD_ID_LEN + 1];
	char folder[NAME_MAX + 1];
	char kind[32], signature[192];
	bool exact;
	bool last; /* of its record */
	bool done;
	enum verify_outcome outcome;
};

struct verifier {
	const struct verify_options *options;
	struct verify_result *result;
	char dir[PATH_MAX];
	struct reproducer *list;
	u32 count;
};

/* What the process that runs tells the one that waits. */
struct told {
	u32 index, outcome;
};

enum record_status verify_status(enum record_status status, bool fires, bool broken, bool exact)
{
	if (fires)
		return status == RECORD_new ? RECORD_reproduced : status == RECORD_fixed ? RECORD_regressed : status;
	/* Threads do not repeat, and what could not be run proves nothing. */
	if (broken || !exact || status == RECORD_wontfix)
		return status;
	return RECORD_fixed;
}

/* ---- the process that runs ----------------------------------------------------------------------------------------
 */

static bool is_same(const struct reproducer *r, const struct rt_verdict *verdict)
{
	return strcmp(verdict_name(verdict->kind), r->kind) == 0 && strcmp(verdict->signature, r->signature) == 0;
}

static enum verify_outcome replay_one(const struct verifier *v, const struct reproducer *r, struct scenario *s)
{
	static struct replay replay;
	static struct runner_result run;
	char path[PATH_MAX], message[512];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", v->dir, r->folder) >= sizeof(path) ||
	    input_load(path, s, message, sizeof(message)) || scenario_error(s))
		return VERIFY_BROKEN;
	if (!r->exact)
		return VERIFY_SILENT;
	/* Drift or not: what counts is whether it fails. */
	runner_replay(s, &replay, 0, &run);
	return is_same(r, &run.rt.verdict) ? VERIFY_FIRES : VERIFY_SILENT;
}

static bool fires_near(const struct verifier *v, const struct reproducer *r)
{
	static struct scenario s;
	static struct rebase_result result;
	const struct rebase_options options = {.signature = r->signature, .runs_max = v->options->near_runs};
	char path[PATH_MAX], message[512];

	return v->options->near_runs &&
	       (size_t)snprintf(path, sizeof(path), "%s/%s", v->dir, r->folder) < sizeof(path) &&
	       input_load(path, &s, message, sizeof(message)) == 0 &&
	       rebase(&s, &options, &result, message, sizeof(message)) == 0;
}

static void tell(int fd, u32 index, enum verify_outcome outcome)
{
	const struct told told = {index, outcome};

	if (write(fd, &told, sizeof(told)) != sizeof(told))
		_exit(1);
}

/* From @from on. The last of a record that is silent so far waits for the search. */
static void run_all(const struct verifier *v, u32 from, int fd)
{
	static struct scenario s;
	bool fires = false;
	u32 smallest = from;

	/* Earlier ones of the same record, before a process ended. */
	while (smallest && !v->list[smallest - 1].last)
		fires |= v->list[--smallest].outcome == VERIFY_FIRES;
	for (u32 i = from; i < v->count; i++) {
		enum verify_outcome outcome = replay_one(v, &v->list[i], &s);

		fires |= outcome == VERIFY_FIRES;
		if (v->list[i].last && !fires && outcome == VERIFY_SILENT && fires_near(v, &v->list[smallest]))
			outcome = VERIFY_NEAR;
		tell(fd, i, outcome);
		if (v->list[i].last) {
			smallest = i + 1;
			fires = false;
		}
	}
}

/* ---- the one that waits -------------------------------------------------------------------------------------------
 */

static bool interrupted(const struct verifier *v)
{
	return v->options->interrupted && *v->options->interrupted;
}

static void note(struct verifier *v, u32 index, enum verify_outcome outcome)
{
	v->list[index].outcome = outcome;
	v->list[index].done = true;
	v->result->outcomes[outcome]++;
	v->result->done++;
	if (v->options->progress)
		v->options->progress(v->result->done, v->count, v->options->arg);
}

/* Hears one process out; returns the first reproducer that it has not told of. */
static u32 hear(struct verifier *v, u32 next, int fd)
{
	struct told told;
	ssize_t n;

	while (!interrupted(v)) {
		n = read(fd, &told, sizeof(told));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(told) || told.index != next || told.outcome >= NR_VERIFY_OUTCOMES)
			break;
		note(v, next++, told.outcome);
	}
	return next;
}

static int run_in_processes(struct verifier *v)
{
	u32 next = 0;

	while (next < v->count && !interrupted(v)) {
		int fd[2], status;
		pid_t pid;

		if (pipe(fd))
			return -errno;
		fflush(NULL);
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid == 0) {
			close(fd[0]);
			/* What a machine that does not boot has to say is not what was asked. */
			fclose(stderr);
			run_all(v, next, fd[1]);
			_exit(0);
		}
		close(fd[1]);
		next = hear(v, next, fd[0]);
		/* An interrupted one ends at its next word. */
		close(fd[0]);
		while (waitpid(pid, &status, 0) != pid && errno == EINTR)
			;
		if (next < v->count && !interrupted(v))
			note(v, next++, VERIFY_BROKEN);
	}
	return 0;
}

/* ---- the store ----------------------------------------------------------------------------------------------------
 */

static int compare_facts(const void *a, const void *b)
{
	return crash_facts_compare(*(const struct crash_facts *const *)a, *(const struct crash_facts *const *)b);
}

static void list_record(struct verifier *v, const struct store *s, const struct record *r)
{
	const struct crash_facts **facts = calloc(r->nr_folders + 1, sizeof(*facts));
	u32 count = 0;

	if (!facts)
		abort();
	for (u32 i = 0; i < r->nr_folders; i++) {
		facts[count] = store_facts(s, r->folder[i]);
		count += !!facts[count];
	}
	qsort(facts, count, sizeof(*facts), compare_facts);
	for (u32 i = 0; i < count; i++) {
		struct reproducer *to = &v->list[v->count++];

		memcpy(to->id, r->id, sizeof(to->id));
		memcpy(to->folder, facts[i]->folder, sizeof(to->folder));
		memcpy(to->kind, facts[i]->kind, sizeof(to->kind));
		memcpy(to->signature, facts[i]->signature, sizeof(to->signature));
		to->exact = facts[i]->exact;
		to->last = i + 1 == count;
	}
	free(facts);
}

static int list_all(struct verifier *v, const char *dir, char *message, size_t size)
{
	static struct store s;
	int ret = store_open(&s, dir, message, size);

	if (ret)
		return ret;
	snprintf(v->dir, sizeof(v->dir), "%s", dir);
	v->list = calloc(s.nr_facts + 1, sizeof(*v->list));
	if (!v->list)
		abort();
	for (u32 i = 0; i < s.nr_records; i++)
		if (!s.record[i]->gone)
			list_record(v, &s, s.record[i]);
	return store_close(&s, message, size);
}

/* Statuses of the records all of whose reproducers were run; records may be others by now. */
static void apply(struct verifier *v, struct store *s)
{
	bool fires = false, broken = false, exact = false;

	for (u32 i = 0; i < v->count && v->list[i].done; i++) {
		const struct reproducer *p = &v->list[i];
		char message[512];
		struct record *r;

		fires |= p->outcome == VERIFY_FIRES || p->outcome == VERIFY_NEAR;
		broken |= p->outcome == VERIFY_BROKEN;
		exact |= p->exact;
		if (!p->last)
			continue;
		r = store_find(s, p->id, message, sizeof(message));
		if (r) {
			enum record_status before = r->status;

			record_set_status(r, verify_status(before, fires, broken, exact));
			v->result->fixed += r->status != before && r->status == RECORD_fixed;
			v->result->regressed += r->status != before && r->status == RECORD_regressed;
			if (r->status != before && v->options->changed)
				v->options->changed(r, before, v->options->arg);
		}
		fires = broken = exact = false;
	}
}

int verify_store(const char *dir, const struct verify_options *options, struct verify_result *result, char *message,
		 size_t size)
{
	struct verifier v = {.options = options, .result = result};
	static struct store s;
	int ret;

	memset(result, 0, sizeof(*result));
	ret = list_all(&v, dir, message, size);
	result->reproducers = v.count;
	if (!ret) {
		ret = run_in_processes(&v);
		if (ret)
			snprintf(message, size, "%s: %s", dir, strerror(-ret));
	}
	if (!ret)
		ret = store_open(&s, dir, message, size);
	if (!ret) {
		apply(&v, &s);
		ret = store_close(&s, message, size);
	}
	free(v.list);
	return ret;
}

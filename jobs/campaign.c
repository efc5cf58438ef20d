/* SPDX-License-Identifier: MIT */
#include "jobs/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "fuzz/narrow.h"
#include "fuzz/seconds.h"
#include "jobs/campaign_state.h"

#define TICK 1.0
#define SYNC 5.0
#define STATS 2.0
#define TURN_MIN 10.0
#define TURN_MAX 600.0

/* ---- options --------------------------------------------------------------------------------------------------- */

const char *campaign_target_name(u32 number)
{
	static const char *const own[] = {"race", "sequence", "blocks", "scenario", "token", "jobfile"};

	if (number < ARRAY_SIZE(own))
		return own[number];
	number -= ARRAY_SIZE(own);
	return number < nr_narrow ? narrow_infos[number].name : NULL;
}

void campaign_options_default(struct campaign_options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*o = (struct campaign_options){.jobs = cpus > 0 ? min((u32)cpus, (u32)CAMPAIGN_ENGINES) : 1,
				       .backoff = 1,
				       .deaths_max = 8,
				       .run_timeout = 60,
				       .reserve = 64UL << 20,
				       .path = getenv("PATH")};
}

const char *campaign_phase_name(enum campaign_phase phase)
{
	static const char *const names[] = {"running", "no room", "ending", "distilling", "done"};

	return names[phase];
}

/* ---- which engines --------------------------------------------------------------------------------------------- */

static int add_engine(struct campaign *c, enum engine_kind kind, const char *target, u32 number, char *message,
		      size_t size)
{
	struct campaign_status *s = c->status;
	int ret;

	if (s->nr_engines == CAMPAIGN_ENGINES) {
		snprintf(message, size, "more than %d engines", CAMPAIGN_ENGINES);
		return -EINVAL;
	}
	ret = engine_init(&s->engine[s->nr_engines], &c->common, kind, target, number, message, size);
	s->nr_engines += !ret;
	return ret;
}

/* One of each kind on each target, then more in turn until there is one for each job. */
static int choose_engines(struct campaign *c, char *message, size_t size)
{
	struct campaign_status *s = c->status;
	u32 wanted = c->o->jobs;
	int ret = 0;

	if (!c->o->engines)
		c->o->engines = BIT(ENGINE_LIBFUZZER);
	for (u32 round = 0; (round == 0 || s->nr_engines < wanted) && !ret; round++)
		for (u32 kind = 0; kind < NR_ENGINE_KINDS && !ret; kind++)
			for (u32 t = 0; t < s->nr_targets && !ret; t++)
				if (c->o->engines & BIT(kind) && (round == 0 || s->nr_engines < wanted))
					ret = add_engine(c, kind, s->target[t].name, round, message, size);
	if (ret)
		return ret;
	c->turns = (s->nr_engines + wanted - 1) / wanted;
	c->turn_seconds = c->o->seconds > 0 ? c->o->seconds / (2 * c->turns) : TURN_MAX;
	c->turn_seconds = min(c->turn_seconds, TURN_MAX);
	c->turn_seconds = max(c->turn_seconds, TURN_MIN);
	/* Each has a turn, however little time there is. */
	if (c->o->seconds > 0)
		c->turn_seconds = min(c->turn_seconds, c->o->seconds / c->turns);
	return 0;
}

/* ---- counters -------------------------------------------------------------------------------------------------- */

/* Of every process of earlier sessions; a half-written report is none. */
static void count_finished(struct campaign *c, u32 target)
{
	struct campaign_target *t = &c->status->target[target];
	char dir[PATH_MAX], path[PATH_MAX];
	DIR *d = campaign_path(c, dir, "counters/%s", t->name) ? opendir(dir) : NULL;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < sizeof(path))
			engine_tally_add_file(&t->finished, path);
	if (d)
		closedir(d);
}

/*
 * Adds reports of @e to its target's total. Those of processes that are gone, or all if @ended, are finished: they go
 * by another name from then on, so that the same is not read each second.
 */
static void count_engine(struct campaign *c, struct engine *e, struct campaign_target *t, bool ended)
{
	static struct engine_tally one;
	char dir[PATH_MAX], path[PATH_MAX], done[PATH_MAX];
	const char *prefix = strrchr(e->stats, '/') + 1;
	DIR *d = campaign_path(c, dir, "counters/%s", t->name) ? opendir(dir) : NULL;

	for (struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d)) {
		const char *pid = entry->d_name + strlen(prefix) + 1;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || strchr(pid, '.') ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= sizeof(path))
			continue;
		memset(&one, 0, sizeof(one));
		if (!engine_tally_add_file(&one, path))
			continue;
		engine_tally_add(&t->total, &one);
		if ((ended || kill(atoi(pid), 0)) &&
		    (size_t)snprintf(done, sizeof(done), "%s.done", path) < sizeof(done) && rename(path, done) == 0)
			engine_tally_add(&t->finished, &one);
	}
	if (d)
		closedir(d);
}

/* Seconds of processors of a process that runs, without those of its children. */
static double time_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return 0;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static u32 target_of(const struct campaign_status *s, const struct engine *e)
{
	u32 t = 0;

	while (strcmp(s->target[t].name, e->target) != 0)
		t++;
	return t;
}

static void count_running(struct campaign *c)
{
	struct campaign_status *s = c->status;

	s->cpu = c->cpu_ended;
	for (u32 t = 0; t < s->nr_targets; t++) {
		s->target[t].total = s->target[t].finished;
		s->target[t].stability = -1;
	}
	for (u32 i = 0; i < s->nr_engines; i++) {
		struct engine *e = &s->engine[i];
		struct campaign_target *t = &s->target[target_of(s, e)];

		if (e->pid) {
			count_engine(c, e, t, false);
			s->cpu += time_of(e->pid);
			engine_look(e);
		}
		t->edges = max(t->edges, e->edges);
		if (e->stability >= 0 && (t->stability < 0 || e->stability < t->stability))
			t->stability = e->stability;
	}
	s->executions = s->interleavings = s->edges = 0;
	for (u32 t = 0; t < s->nr_targets; t++) {
		s->executions += s->target[t].total.inputs;
		s->interleavings += s->target[t].total.interleavings;
		s->edges += s->target[t].edges;
		s->target[t].since = c->now - c->last_input[t];
		s->since_input = t ? min(s->since_input, s->target[t].since) : s->target[t].since;
	}
	s->since_found = c->now - c->last_found;
	s->session = c->now - c->began;
	s->seconds = c->seconds_before + s->session;
}

/* Inputs a second since the oldest sample, ten seconds ago. */
static void measure_rates(struct campaign *c)
{
	struct campaign_status *s = c->status;
	double past;

	if (c->nr_samples == CAMPAIGN_SAMPLES)
		memmove(&c->sample[0], &c->sample[1], sizeof(c->sample[0]) * --c->nr_samples);
	c->sample[c->nr_samples].at = c->now;
	for (u32 t = 0; t < s->nr_targets; t++)
		c->sample[c->nr_samples].inputs[t] = s->target[t].total.inputs;
	c->nr_samples++;
	past = c->now - c->sample[0].at;
	s->rate = 0;
	for (u32 t = 0; t < s->nr_targets && past > 0; t++) {
		u64 now = s->target[t].total.inputs, then = c->sample[0].inputs[t];

		s->target[t].rate = now > then ? (double)(now - then) / past : 0;
		s->rate += s->target[t].rate;
	}
}

/* ---- children -------------------------------------------------------------------------------------------------- */

static void add_time(struct campaign *c, const struct rusage *usage)
{
	c->cpu_ended += (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6 +
			(double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
}

static void engine_is_gone(struct campaign *c, struct engine *e, int status)
{
	u32 kept = e->crashes;
	char message[512];

	count_engine(c, e, &c->status->target[target_of(c->status, e)], true);
	engine_look(e);
	engine_ended(e, status, c->now, message, sizeof(message));
	if (message[0])
		campaign_say(c, "%s", message);
	if (e->crashes > kept)
		campaign_quarantine(c);
}

/* Of the children that are known: who waits for another one has its status. */
static void reap(struct campaign *c)
{
	struct campaign_status *s = c->status;
	struct rusage usage;
	int status;

	for (u32 i = 0; i < s->nr_engines; i++) {
		if (s->engine[i].pid && wait4(s->engine[i].pid, &status, WNOHANG, &usage) > 0) {
			add_time(c, &usage);
			engine_is_gone(c, &s->engine[i], status);
		}
	}
	if (c->filing.pid && wait4(c->filing.pid, &status, WNOHANG, &usage) > 0)
		campaign_filing_ended(c, c->filing.pid, status);
}

static sigset_t waited_for(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

bool campaign_wait(struct campaign *c, double seconds)
{
	const struct timespec timeout = {.tv_sec = (time_t)seconds,
					 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
	const sigset_t set = waited_for();
	int signal = sigtimedwait(&set, NULL, &timeout);

	c->now = seconds_now();
	reap(c);
	if (signal <= 0 || signal == SIGCHLD)
		return true;
	c->status->interrupted = true;
	return false;
}

static u32 nr_alive(const struct campaign_status *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->nr_engines; i++)
		n += s->engine[i].pid != 0;
	return n;
}

static void start_one(struct campaign *c, struct engine *e)
{
	char path[PATH_MAX];

	/* A name that no process before had: counters of different processes are summed. */
	c->next_stats = 0;
	if (campaign_path(c, path, "counters/%s/%s.%llx.%d.%u", e->target, e->name, (unsigned long long)utc_now(),
			  (int)getpid(), e->starts) &&
	    engine_start(e, path, c->now))
		campaign_say(c, "%s did not start: %s", e->name, e->last_words);
}

static bool has_turn(const struct campaign *c, u32 i)
{
	return i / c->o->jobs == c->turn;
}

static void start_and_stop(struct campaign *c)
{
	struct campaign_status *s = c->status;
	bool run = s->phase == CAMPAIGN_RUNS;

	for (u32 i = 0; i < s->nr_engines; i++) {
		struct engine *e = &s->engine[i];

		if (!run || !has_turn(c, i))
			engine_stop(e, c->now);
		engine_press(e, c->now);
	}
	for (u32 i = 0; i < s->nr_engines && run; i++) {
		struct engine *e = &s->engine[i];

		if (e->state == ENGINE_WAITS && has_turn(c, i) && c->now >= e->not_before && nr_alive(s) < c->o->jobs)
			start_one(c, e);
	}
}

static bool all_given_up(const struct campaign_status *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->nr_engines; i++)
		n += s->engine[i].state == ENGINE_GIVEN_UP;
	return n == s->nr_engines;
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

/* A full disk would cost findings: engines stop before it is, and go on when there is room again. */
static void look_at_disk(struct campaign *c)
{
	struct campaign_status *s = c->status;
	struct statvfs st;
	bool full;

	if (statvfs(c->dir, &st))
		return;
	s->disk_free = (u64)st.f_bavail * st.f_frsize;
	full = s->disk_free < c->o->reserve;
	if (full == (s->phase == CAMPAIGN_NO_ROOM) || s->phase > CAMPAIGN_NO_ROOM)
		return;
	s->phase = full ? CAMPAIGN_NO_ROOM : CAMPAIGN_RUNS;
	s->complaint[0] = '\0';
	if (full)
		snprintf(s->complaint, sizeof(s->complaint),
			 "%.128s: %llu MiB free of %llu that stay free: engines wait; make room, or choose --reserve",
			 c->dir, (unsigned long long)s->disk_free >> 20, (unsigned long long)c->o->reserve >> 20);
	campaign_say(c, "%s", full ? s->complaint : "there is room again: engines go on");
}

static void write_stats(struct campaign *c, const char *outcome)
{
	int ret = campaign_write_stats(c, outcome);

	if (ret && !c->status->complaint[0])
		snprintf(c->status->complaint, sizeof(c->status->complaint), "%.200s/stats.json: %s: it is old", c->dir,
			 strerror(-ret));
}

static void tick(struct campaign *c)
{
	struct campaign_status *s = c->status;

	if (c->now >= c->next_sync) {
		c->next_sync = c->now + SYNC;
		campaign_sync(c);
	}
	if (c->now < c->next_tick)
		return;
	c->next_tick = c->now + TICK;
	look_at_disk(c);
	count_running(c);
	measure_rates(c);
	campaign_file_next(c);
	if (c->o->report)
		c->o->report(s, NULL, c->o->report_arg);
	if (c->now >= c->next_stats) {
		c->next_stats = c->now + STATS;
		write_stats(c, NULL);
	}
	if (c->turns > 1 && c->now >= c->next_turn) {
		c->turn = (c->turn + 1) % c->turns;
		c->next_turn = c->now + c->turn_seconds;
	}
}

static void run_engines(struct campaign *c)
{
	struct campaign_status *s = c->status;
	double next;

	while (!s->interrupted && !all_given_up(s) && (c->ends <= 0 || c->now < c->ends)) {
		tick(c);
		start_and_stop(c);
		next = c->ends > 0 ? min(c->next_tick, c->ends) : c->next_tick;
		campaign_wait(c, max(next - c->now, 0.0));
	}
}

static void stop_engines(struct campaign *c)
{
	struct campaign_status *s = c->status;

	s->phase = CAMPAIGN_ENDS;
	while (nr_alive(s)) {
		start_and_stop(c);
		/* The second interrupt is meant. */
		if (!campaign_wait(c, 0.5))
			for (u32 i = 0; i < s->nr_engines; i++)
				engine_kill(&s->engine[i]);
	}
	campaign_sync(c);
	count_running(c);
}

/* What engines kept is filed before the end; a second interrupt leaves the rest to --resume. */
static void file_all(struct campaign *c)
{
	bool patient = true;

	while (patient && campaign_file_next(c)) {
		patient = campaign_wait(c, 1);
		if (c->o->report)
			c->o->report(c->status, NULL, c->o->report_arg);
	}
	if (!c->filing.pid)
		return;
	kill(-c->filing.pid, SIGKILL);
	waitpid(c->filing.pid, NULL, 0);
	c->filing.pid = 0;
	campaign_say(c, "%u findings are not filed yet: --resume does it", c->status->filing);
}

/* What is left to be read is the campaign, not its last ten seconds. */
static void average_rates(struct campaign_status *s)
{
	for (u32 t = 0; t < s->nr_targets; t++)
		s->target[t].rate = s->seconds > 0 ? (double)s->target[t].total.inputs / s->seconds : 0;
	s->rate = s->seconds > 0 ? (double)s->executions / s->seconds : 0;
}

static int finish(struct campaign *c, char *message, size_t size)
{
	struct campaign_status *s = c->status;
	bool lost = all_given_up(s);
	const char *outcome = lost ? "broken" : s->interrupted ? "interrupted" : "ended";

	stop_engines(c);
	file_all(c);
	if (c->o->distill && !s->interrupted && !lost) {
		s->phase = CAMPAIGN_DISTILLS;
		campaign_say(c, "distilling the corpus");
		campaign_distill(c);
		file_all(c);
	}
	campaign_sync(c);
	c->now = seconds_now();
	count_running(c);
	s->phase = CAMPAIGN_DONE;
	average_rates(s);
	write_stats(c, outcome);
	if (!lost)
		return 0;
	snprintf(message, size, "every engine was given up; the last words of %s: %s (%s)", s->engine[0].name,
		 s->engine[0].last_words, s->engine[0].log);
	return -ECHILD;
}

static int prepare(struct campaign *c, char *message, size_t size)
{
	struct campaign_status *s = c->status;
	int ret = campaign_open(c, message, size);

	if (ret)
		return ret;
	s->nr_targets = c->o->nr_targets;
	for (u32 t = 0; t < s->nr_targets; t++) {
		s->target[t].name = c->o->target[t];
		s->target[t].stability = -1;
		count_finished(c, t);
	}
	campaign_share_corpora(c);
	c->common = (struct engine_campaign){.dir = c->dir,
					     .corpus = c->corpus,
					     .set = c->o->set,
					     .laws = c->o->laws,
					     .tolerate = c->o->tolerate,
					     .engines = c->o->engines_dir,
					     .path = c->o->path,
					     .seed = c->o->seed,
					     .backoff = c->o->backoff,
					     .deaths_max = c->o->deaths_max,
					     .run_timeout = c->o->run_timeout};
	ret = choose_engines(c, message, size);
	ret = ret ? ret : campaign_seed(c, message, size);
	if (!ret && (ret = campaign_write_asked(c)))
		snprintf(message, size, "%s/campaign.json: %s: make room, or choose another folder", c->dir,
			 strerror(-ret));
	for (u32 t = 0; t < CAMPAIGN_TARGETS; t++)
		for (u32 i = 0; i < CAMPAIGN_ENGINES; i++)
			c->last_id[t][i] = -1;
	return ret;
}

/* What was prepared is not of the budget. */
static void begin_time(struct campaign *c)
{
	c->now = c->began = c->last_found = seconds_now();
	c->ends = c->o->seconds > 0 ? c->began + c->o->seconds : 0;
	c->next_turn = c->now + c->turn_seconds;
	for (u32 t = 0; t < c->status->nr_targets; t++)
		c->last_input[t] = c->now;
}

int campaign_run(struct campaign_options *o, struct campaign_status *status, char *message, size_t size)
{
	static struct campaign campaign;
	struct campaign *c = &campaign;
	const sigset_t set = waited_for();
	sigset_t before;
	int ret;

	memset(c, 0, sizeof(*c));
	memset(status, 0, sizeof(*status));
	c->o = o;
	c->status = status;
	c->lock = -1;
	c->now = seconds_now();
	status->options = o;
	status->started = utc_now();
	ret = prepare(c, message, size);
	if (!ret) {
		/* Blocked and taken one by one: none comes between looking and waiting. */
		sigprocmask(SIG_BLOCK, &set, &before);
		begin_time(c);
		run_engines(c);
		ret = finish(c, message, size);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	campaign_close(c);
	return ret;
}

/* SPDX-License-Identifier: MIT */
#include "fuzz/explore_jobs.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 250

/* What a process and the one that started it share. Written by the process, read by the other after its message. */
struct job_memory {
	struct explore_result result;
	struct explore_status status; /* for progress while it runs: may be torn */
	int ret;
	struct strategy_news news;
};

enum job_message { JOB_THROUGH = 't', JOB_OVER = 'o', JOB_GO_ON = 'g', JOB_STOP = 's' };
enum job_state { JOB_RUNNING, JOB_WAITING, JOB_ENDED, JOB_BROKEN };

struct job {
	pid_t pid;
	int fd; /* of the socket to it */
	enum job_state state;
	struct job_memory *memory;
};

struct jobs {
	const struct explore_options *options;
	struct job job[EXPLORE_JOBS_MAX];
	u32 count;
	struct strategy_news *all; /* what is known to any of them; shared, read by processes that were told to go on */
	volatile int *stop;        /* shared */
	bool broken;
	bool cut_short; /* stopped though there was news */
};

static void *map_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- in a process ---------------------------------------------------------------------------------------------- */

struct worker {
	struct jobs *jobs;
	struct job_memory *memory;
	int fd;
};

/* Through with what it knew of: true if others have told it something new. */
static bool worker_exchange(struct strategy *s, void *arg)
{
	struct worker *w = arg;
	char message = JOB_THROUGH;

	for (;;) {
		s->ops->tell(s, &w->memory->news);
		if (write(w->fd, &message, 1) != 1 || read(w->fd, &message, 1) != 1 || message != JOB_GO_ON)
			return false;
		if (s->ops->hear(s, w->jobs->all))
			return true;
		message = JOB_THROUGH;
	}
}

static void worker_progress(const struct explore_status *status, void *arg)
{
	struct worker *w = arg;

	w->memory->status = *status;
}

static void __attribute__((noreturn))
worker_main(struct jobs *jobs, const struct explore_subject *subject, u32 number, int fd)
{
	struct explore_options options = *jobs->options;
	struct worker w = {jobs, jobs->job[number].memory, fd};
	char message = JOB_OVER;

	options.strategy_options.job = number;
	options.strategy_options.jobs = jobs->count;
	/* The first ones take what is left over. */
	if (options.runs_max)
		options.runs_max = max(options.runs_max / jobs->count + (number < options.runs_max % jobs->count), 1UL);
	options.progress = worker_progress;
	options.progress_arg = &w;
	options.exchange = worker_exchange;
	options.exchange_arg = &w;
	options.interrupted = jobs->stop;
	w.memory->ret = explore(subject, &options, &w.memory->result);
	_exit(write(fd, &message, 1) == 1 ? 0 : 1);
}

/* ---- in the one that started them ------------------------------------------------------------------------------ */

static bool start_job(struct jobs *jobs, const struct explore_subject *subject, u32 number)
{
	struct job *job = &jobs->job[number];
	int fds[2];

	job->memory = map_shared(sizeof(struct job_memory));
	if (!job->memory || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return false;
	fflush(NULL);
	job->pid = fork();
	if (job->pid == 0) {
		/* Else a process that dies would not be noticed: its brothers hold its end open. */
		for (u32 i = 0; i < number; i++)
			close(jobs->job[i].fd);
		close(fds[0]);
		worker_main(jobs, subject, number, fds[1]);
	}
	close(fds[1]);
	job->fd = fds[0];
	return job->pid > 0;
}

static void send_message(struct job *job, enum job_message what)
{
	char message = (char)what;

	/* If it is gone, reading from it will tell. */
	job->state = send(job->fd, &message, 1, MSG_NOSIGNAL) == 1 ? JOB_RUNNING : JOB_BROKEN;
}

static void hear_from(struct jobs *jobs, struct job *job)
{
	char message;

	if (read(job->fd, &message, 1) != 1) {
		job->state = JOB_BROKEN;
		jobs->broken = true;
		*jobs->stop = 1;
	} else if (message == JOB_OVER) {
		job->state = JOB_ENDED;
		*jobs->stop |= job->memory->ret || (job->memory->result.wanted && !jobs->options->keep_going);
	} else {
		job->state = JOB_WAITING;
	}
}

static u32 count_state(const struct jobs *jobs, enum job_state state)
{
	u32 count = 0;

	for (u32 i = 0; i < jobs->count; i++)
		count += jobs->job[i].state == state;
	return count;
}

static bool merge_news(struct strategy_news *all, const struct strategy_news *news)
{
	bool more = news->tasks > all->tasks || news->shared_cpus & ~all->shared_cpus || news->stops > all->stops;

	all->tasks = max(all->tasks, news->tasks);
	all->shared_cpus |= news->shared_cpus;
	all->stops |= news->stops;
	for (u32 i = 0; i < ARRAY_SIZE(all->conflicts); i++) {
		if (!(news->conflicts[i] & ~all->conflicts[i]))
			continue;
		all->conflicts[i] |= news->conflicts[i];
		more = true;
	}
	return more;
}

/* Nobody runs. All that wait know what is in @all: they go on if one of them adds to it. */
static void spread_news(struct jobs *jobs)
{
	bool news = false;

	for (u32 i = 0; i < jobs->count; i++)
		if (jobs->job[i].state == JOB_WAITING)
			news |= merge_news(jobs->all, &jobs->job[i].memory->news);
	jobs->cut_short |= news && *jobs->stop;
	for (u32 i = 0; i < jobs->count; i++)
		if (jobs->job[i].state == JOB_WAITING)
			send_message(&jobs->job[i], news && !*jobs->stop ? JOB_GO_ON : JOB_STOP);
}

static void show_progress(const struct jobs *jobs)
{
	struct explore_status sum = {.eta_seconds = -1};

	for (u32 i = 0; i < jobs->count; i++) {
		const struct explore_status *s = &jobs->job[i].memory->status;

		sum.runs += s->runs;
		sum.rate += s->rate;
		sum.findings += s->findings;
		sum.seconds = max(sum.seconds, s->seconds);
		sum.eta_seconds = max(sum.eta_seconds, s->eta_seconds);
		sum.report.planned += s->report.planned;
		sum.report.done += s->report.done;
		sum.report.conflicts = max(sum.report.conflicts, s->report.conflicts);
		sum.report.level = max(sum.report.level, s->report.level);
	}
	jobs->options->progress(&sum, jobs->options->progress_arg);
}

static void tend(struct jobs *jobs)
{
	struct pollfd fds[EXPLORE_JOBS_MAX];

	while (count_state(jobs, JOB_RUNNING) || count_state(jobs, JOB_WAITING)) {
		for (u32 i = 0; i < jobs->count; i++)
			fds[i] = (struct pollfd){.fd = jobs->job[i].state == JOB_RUNNING ? jobs->job[i].fd : -1,
						 .events = POLLIN};
		if (poll(fds, jobs->count, POLL_MS) < 0 && errno != EINTR)
			break;
		if (jobs->options->interrupted && *jobs->options->interrupted)
			*jobs->stop = 1;
		for (u32 i = 0; i < jobs->count; i++)
			if (fds[i].revents)
				hear_from(jobs, &jobs->job[i]);
		if (!count_state(jobs, JOB_RUNNING))
			spread_news(jobs);
		else if (jobs->options->progress)
			show_progress(jobs);
	}
}

static void merge_findings(struct explore_result *to, const struct explore_result *from)
{
	for (u32 i = 0; i < from->status.findings; i++) {
		const struct explore_finding *f = &from->finding[i];
		u32 at = 0;

		while (at < to->status.findings && (to->finding[at].verdict.kind != f->verdict.kind ||
						    strcmp(to->finding[at].verdict.signature, f->verdict.signature)))
			at++;
		if (at < to->status.findings) {
			u64 hits = to->finding[at].hits + f->hits;

			if (f->schedule.count < to->finding[at].schedule.count)
				to->finding[at] = *f;
			to->finding[at].hits = hits;
		} else if (at < EXPLORE_FINDINGS) {
			to->finding[to->status.findings++] = *f;
		} else {
			to->other_findings++;
		}
	}
	to->other_findings += from->other_findings;
}

static void merge_report(struct strategy_report *to, const struct strategy_report *from)
{
	to->points = max(to->points, from->points);
	to->conflicts = max(to->conflicts, from->conflicts);
	to->candidates = max(to->candidates, from->candidates);
	to->level = max(to->level, from->level);
	to->planned += from->planned;
	to->done += from->done;
	to->skipped += from->skipped;
	/* Who is not through has the words for it. */
	if (to->complete && !from->complete)
		memcpy(to->text, from->text, sizeof(to->text));
	to->complete &= from->complete;
	to->single &= from->single;
	to->drifted |= from->drifted;
}

/* Fewest deviations first: in which order they came says nothing. */
static int by_deviations(const void *a, const void *b)
{
	const struct explore_finding *x = a, *y = b;

	if (x->schedule.count != y->schedule.count)
		return x->schedule.count < y->schedule.count ? -1 : 1;
	return strcmp(x->verdict.signature, y->verdict.signature);
}

static int merge(const struct jobs *jobs, struct explore_result *result)
{
	struct explore_status *s = &result->status;
	u32 bound = jobs->options->strategy_options.bound;
	int ret = 0;

	*result = jobs->job[0].memory->result;
	for (u32 i = 0; i < jobs->count; i++) {
		const struct explore_result *from = &jobs->job[i].memory->result;

		if (jobs->job[i].memory->ret && !ret) {
			ret = jobs->job[i].memory->ret;
			memcpy(result->error, from->error, sizeof(result->error));
		}
		if (i == 0)
			continue;
		s->runs += from->status.runs;
		s->steps += from->status.steps;
		s->seconds = max(s->seconds, from->status.seconds);
		result->wanted |= from->wanted;
		merge_report(&s->report, &from->status.report);
		merge_findings(result, from);
	}
	s->rate = s->seconds > 0 ? (double)s->runs / s->seconds : 0;
	s->same_hash = false;
	if (s->report.complete && jobs->cut_short) {
		s->report.complete = false;
		snprintf(s->report.text, sizeof(s->report.text), "stopped");
	}
	if (!s->report.complete && strncmp(s->report.text, "stopped", 7) == 0)
		snprintf(s->report.text, sizeof(s->report.text), "stopped at about %.3g %% of bound %u",
			 100.0 * (double)s->report.done / (double)s->report.planned, bound);
	qsort(result->finding, s->findings, sizeof(result->finding[0]), by_deviations);
	return ret;
}

static void end_jobs(struct jobs *jobs)
{
	for (u32 i = 0; i < jobs->count; i++) {
		struct job *job = &jobs->job[i];

		if (job->pid > 0) {
			/* A process whose socket is closed ends at its next message. */
			close(job->fd);
			waitpid(job->pid, NULL, 0);
		}
		if (job->memory)
			munmap(job->memory, sizeof(struct job_memory));
	}
	if (jobs->all)
		munmap(jobs->all, sizeof(struct strategy_news));
	if (jobs->stop)
		munmap((void *)jobs->stop, sizeof(*jobs->stop));
}

static bool can_share(const struct explore_options *options, struct explore_result *result)
{
	struct strategy *s =
		options->strategy->construct(&options->strategy_options, result->error, sizeof(result->error));
	bool can;

	if (!s)
		return false;
	can = s->ops->tell != NULL;
	s->ops->destroy(s);
	if (!can)
		snprintf(result->error, sizeof(result->error), "--jobs: strategy %s is not shared by processes",
			 options->strategy->name);
	return can;
}

int explore_jobs(const struct explore_subject *subject, const struct explore_options *options, u32 count,
		 struct explore_result *result)
{
	struct jobs jobs = {.options = options, .count = count};
	bool started = true;
	int ret = -EIO;

	if (count == 1)
		return explore(subject, options, result);
	memset(result, 0, sizeof(*result));
	if (!can_share(options, result))
		return -EINVAL;
	jobs.all = map_shared(sizeof(struct strategy_news));
	jobs.stop = map_shared(sizeof(*jobs.stop));
	started = jobs.all && jobs.stop;
	for (u32 i = 0; i < count && started; i++)
		started = start_job(&jobs, subject, i);
	if (started)
		tend(&jobs);
	else if (jobs.stop)
		*jobs.stop = 1;
	if (started && !jobs.broken)
		ret = merge(&jobs, result);
	else
		snprintf(result->error, sizeof(result->error), "a process of the search %s",
			 started ? "ended unexpectedly" : "could not be started");
	end_jobs(&jobs);
	return ret;
}

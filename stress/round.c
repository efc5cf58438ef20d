/* SPDX-License-Identifier: MIT */
#include "stress/round.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/seconds.h"

/* A child that has not come to its end so long after its time: its tasks go on without finishing an operation. */
#define OVERTIME_SECONDS 20.0
#define CALM_SECONDS 120.0 /* at most: a machine of 1 TiB has 8,192 blocks */
/* A child that failed and hangs while it says what it knows. */
#define LAST_WORDS_SECONDS 5.0
#define WATCH_NS 100000000L

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

void round_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool round_interrupted(void)
{
	return interrupted;
}

int round_prepare(struct round *r, const struct options *o)
{
	void *map = mmap(NULL, sizeof(*r->state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(r, 0, sizeof(*r));
	if (map == MAP_FAILED)
		return -errno;
	r->state = map;
	r->output = malloc(ROUND_OUTPUT_MAX);
	r->latencies = latency_map();
	if (!r->output || !r->latencies)
		return -ENOMEM;
	return rt_thread_record(o->flight);
}

/* The child dies with its parent, and leaves signals from the terminal to it. */
static void child_main(const struct round *r, const struct scenario *s, const struct options *o, u64 seed,
		       double seconds, int output)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	if (dup2(output, STDERR_FILENO) < 0)
		_exit(EXIT_BROKEN);
	load_run(s, o, seed, seconds, r->state, r->latencies);
	_exit(EXIT_HELD);
}

static void read_output(struct round *r, int fd)
{
	ssize_t length = pread(fd, r->output, ROUND_OUTPUT_MAX - 1, 0);

	r->output[length > 0 ? length : 0] = '\0';
}

/* Where the tasks of a child that never ends were seen last, as its verdict. */
static void verdict_livelock(struct round *r)
{
	const struct rt_postmortem *pm = rt_thread_postmortem();
	const char *names[RT_RINGS];
	u32 count = 0;
	size_t used;

	rt_thread_postmortem_close(rt_thread_postmortem());
	memset(&r->verdict, 0, sizeof(r->verdict));
	r->verdict.kind = VERDICT_livelock;
	for (u32 i = 0; i < pm->nr_rings && i < RT_RINGS; i++) {
		const struct rt_ring *ring = &pm->ring[i];
		const char *name = ring->head && !pm->unrecorded
					   ? point_name(ring->entry[(ring->head - 1) % RT_RING_ENTRIES].point)
					   : NULL;
		u32 at = 0;

		if (!name || !strcmp(name, "op.end"))
			continue;
		used = strlen(r->verdict.detail);
		snprintf(r->verdict.detail + used, sizeof(r->verdict.detail) - used,
			 "%s%s on cpu%u was last seen at %s", used ? "\n" : "", ring->name, ring->cpu, name);
		while (at < count && strcmp(names[at], name) < 0)
			at++;
		if (at < count && !strcmp(names[at], name))
			continue;
		memmove(&names[at + 1], &names[at], (count - at) * sizeof(names[0]));
		names[at] = name;
		count++;
	}
	used = (size_t)snprintf(r->verdict.signature, sizeof(r->verdict.signature), "livelock {");
	for (u32 i = 0; i < count && used < sizeof(r->verdict.signature); i++)
		used += (size_t)snprintf(r->verdict.signature + used, sizeof(r->verdict.signature) - used, "%s%s",
					 i ? ", " : "", names[i]);
	if (used < sizeof(r->verdict.signature))
		snprintf(r->verdict.signature + used, sizeof(r->verdict.signature) - used, "}");
}

/* The child died and left no verdict: a failure of the tool, or a sanitizer's find outside the arena. */
static void verdict_crash(struct round *r, int status)
{
	rt_thread_postmortem_close(rt_thread_postmortem());
	memset(&r->verdict, 0, sizeof(r->verdict));
	r->verdict.kind = VERDICT_crash;
	r->tool_failed = true;
	if (WIFSIGNALED(status))
		snprintf(r->verdict.signature, sizeof(r->verdict.signature), "crash signal %s",
			 sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(r->verdict.signature, sizeof(r->verdict.signature), "crash exit %d", WEXITSTATUS(status));
	snprintf(r->verdict.detail, sizeof(r->verdict.detail), "the load died: %s\n%.900s", r->verdict.signature,
		 r->output);
}

static enum round_end judge(struct round *r, int status)
{
	const struct rt_postmortem *pm = rt_thread_postmortem();

	if (__atomic_load_n(&pm->failed, __ATOMIC_ACQUIRE)) {
		r->verdict = pm->verdict;
		return ROUND_VERDICT;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_HELD)
		return ROUND_HELD;
	verdict_crash(r, status);
	return ROUND_VERDICT;
}

static enum round_end watch_child(struct round *r, pid_t pid, int output, double seconds, void (*watch)(void *arg),
				  void *arg)
{
	const struct timespec tick = {.tv_nsec = WATCH_NS};
	const struct rt_postmortem *pm = rt_thread_postmortem();
	double booted_at = 0, failed_at = 0, calm_at = 0;
	int status;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid) {
			read_output(r, output);
			return judge(r, status);
		}
		if (!booted_at && __atomic_load_n(&r->state->booted, __ATOMIC_ACQUIRE))
			booted_at = seconds_now();
		if (!calm_at && __atomic_load_n(&r->state->calm, __ATOMIC_ACQUIRE))
			calm_at = seconds_now();
		if (!failed_at && __atomic_load_n(&pm->failed, __ATOMIC_ACQUIRE))
			failed_at = seconds_now();
		if (interrupted || (failed_at && seconds_now() - failed_at > LAST_WORDS_SECONDS) ||
		    (calm_at && seconds_now() - calm_at > CALM_SECONDS) ||
		    (booted_at && !calm_at && seconds_now() - booted_at > seconds + OVERTIME_SECONDS))
			break;
		watch(arg);
		nanosleep(&tick, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	read_output(r, output);
	if (failed_at)
		return judge(r, status);
	if (interrupted)
		return ROUND_INTERRUPTED;
	verdict_livelock(r);
	return ROUND_VERDICT;
}

enum round_end round_run(struct round *r, const struct scenario *s, const struct options *o, u64 seed, double seconds,
			 void (*watch)(void *arg), void *arg)
{
	int output = memfd_create("stderr", MFD_CLOEXEC);
	enum round_end end;
	pid_t pid;

	r->tool_failed = false;
	r->output[0] = '\0';
	memset(r->state, 0, sizeof(*r->state));
	rt_thread_postmortem_clear();
	fflush(NULL);
	pid = output < 0 ? -1 : fork();
	if (!pid)
		child_main(r, s, o, seed, seconds, output);
	if (pid < 0) {
		memset(&r->verdict, 0, sizeof(r->verdict));
		r->verdict.kind = VERDICT_crash;
		r->tool_failed = true;
		snprintf(r->verdict.signature, sizeof(r->verdict.signature), "crash no-child");
		snprintf(r->verdict.detail, sizeof(r->verdict.detail), "cannot start a round: %s", strerror(errno));
		end = ROUND_VERDICT;
	} else {
		end = watch_child(r, pid, output, seconds, watch, arg);
	}
	if (output >= 0)
		close(output);
	return end;
}

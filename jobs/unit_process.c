/* SPDX-License-Identifier: MIT */
#include "jobs/unit_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/seconds.h"

static struct {
	sigset_t waited_for, before;
	bool came;
} signals;

void unit_signals_block(void)
{
	sigemptyset(&signals.waited_for);
	sigaddset(&signals.waited_for, SIGINT);
	sigaddset(&signals.waited_for, SIGTERM);
	sigaddset(&signals.waited_for, SIGHUP);
	sigaddset(&signals.waited_for, SIGCHLD);
	signals.came = false;
	/* Blocked and taken one by one: none comes between looking and waiting. */
	sigprocmask(SIG_BLOCK, &signals.waited_for, &signals.before);
}

void unit_signals_restore(void)
{
	static const struct timespec now;

	while (sigtimedwait(&signals.waited_for, NULL, &now) > 0)
		;
	sigprocmask(SIG_SETMASK, &signals.before, NULL);
}

bool unit_signals_came(void)
{
	sigset_t pending;

	sigpending(&pending);
	signals.came |=
		sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
	return signals.came;
}

/* In the child: nothing that another thread or a lock of the C library could have been in the middle of, there is none.
 */
static void __attribute__((noreturn)) become(const struct unit_process *p, pid_t parent, int out, int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	/* Whoever kills us with SIGKILL has the child told; it may have happened before we asked. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(125);
	sigprocmask(SIG_SETMASK, &signals.before, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	if (p->lock >= 0)
		fcntl(p->lock, F_SETFD, 0);
	for (const char *const *set = p->set; set && *set; set++)
		putenv((char *)*set);
	if (!p->dir || chdir(p->dir) == 0)
		execvp(p->argv[0], (char *const *)p->argv);
	dprintf(2, "%s: %s\n", p->argv[0], strerror(errno));
	_exit(127);
}

static void end_group(pid_t pid, int *how, double *since)
{
	kill(-pid, *how);
	*how = SIGKILL;
	*since = seconds_now();
}

static void wait_for(struct unit_process *p, pid_t pid)
{
	static const struct timespec second = {.tv_sec = 1};
	double started = seconds_now(), ticked = started, told = 0;
	struct rusage usage;
	int status, how = SIGTERM;

	while (wait4(pid, &status, WNOHANG, &usage) == 0) {
		struct timespec wait = second;
		double now = seconds_now(), left = started + p->seconds_max - now;
		int signal;

		if (left > 0 && left < 1 && !p->timed_out)
			wait = (struct timespec){.tv_nsec = (long)(left * 1e9) + 1000000};
		if (wait.tv_nsec >= 1000000000)
			wait = second;
		signal = sigtimedwait(&signals.waited_for, NULL, &wait);
		now = seconds_now();
		if (signal > 0 && signal != SIGCHLD) {
			signals.came = p->interrupted = true;
			end_group(pid, &how, &told);
		} else if (!p->timed_out && !told && now - started >= p->seconds_max) {
			p->timed_out = true;
			end_group(pid, &how, &told);
		} else if (told && now - told > UNIT_PATIENCE_SECONDS) {
			end_group(pid, &how, &told);
		}
		if (p->tick && now - ticked >= 1) {
			p->tick(now - started, p->arg);
			ticked = now;
		}
	}
	/* What it started and did not wait for. */
	kill(-pid, SIGKILL);
	p->seconds = seconds_now() - started;
	p->cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	p->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	p->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void take_output(struct unit_process *p, int out, int log)
{
	struct stat st;
	size_t size = fstat(out, &st) == 0 ? (size_t)min(st.st_size, (off_t)UNIT_OUT_MAX) : 0;
	ssize_t len;

	p->out = malloc(size + 1);
	len = p->out ? pread(out, p->out, size, 0) : -1;
	if (len < 0) {
		free(p->out);
		p->out = strdup("");
		return;
	}
	p->out[len] = 0;
	/* A log that cannot be written is noticed by whoever writes what counts. */
	if (log >= 0 && len && write(log, p->out, (size_t)len) < 0)
		return;
}

int unit_process_run(struct unit_process *p)
{
	int out = memfd_create("out", MFD_CLOEXEC), log = -1, ret = 0;
	pid_t parent = getpid(), pid;

	p->exit = p->signal = 0;
	p->timed_out = p->interrupted = false;
	p->seconds = p->cpu = 0;
	p->out = NULL;
	if (out < 0)
		return -errno;
	log = open(p->log ? p->log : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log < 0) {
		ret = -errno;
		goto close_out;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(p, parent, out, log);
	if (pid < 0) {
		ret = -errno;
		goto close_log;
	}
	setpgid(pid, pid);
	wait_for(p, pid);
	take_output(p, out, log);
	if (!p->out)
		ret = -ENOMEM;
close_log:
	close(log);
close_out:
	close(out);
	return ret;
}

void unit_process_free(struct unit_process *p)
{
	free(p->out);
	p->out = NULL;
}

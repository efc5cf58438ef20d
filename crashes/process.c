/* SPDX-License-Identifier: MIT */
#include "crashes/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a process that has not listened to SIGTERM. */
#define PATIENCE_SECONDS 5

static struct {
	sigset_t waited_for, before;
	bool interrupted;
} guard;

void process_guard(void)
{
	static const char *const places[] = {"GIT_DIR",    "GIT_WORK_TREE",        "GIT_INDEX_FILE",
					     "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		unsetenv(places[i]);
	/* Texts of git are compared. */
	setenv("LC_ALL", "C.UTF-8", 1);
	sigemptyset(&guard.waited_for);
	sigaddset(&guard.waited_for, SIGINT);
	sigaddset(&guard.waited_for, SIGTERM);
	sigaddset(&guard.waited_for, SIGHUP);
	sigaddset(&guard.waited_for, SIGCHLD);
	guard.interrupted = false;
	/* Blocked and taken one by one: none comes between looking and waiting. */
	sigprocmask(SIG_BLOCK, &guard.waited_for, &guard.before);
}

void process_unguard(void)
{
	static const struct timespec now;

	while (sigtimedwait(&guard.waited_for, NULL, &now) > 0)
		;
	sigprocmask(SIG_SETMASK, &guard.before, NULL);
}

/* 0 or an errno; no copy of this process is made, which may have gigabytes mapped. */
static int start(const struct process *p, int out, int err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &guard.before);
	ret = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, err, 2);
	if (!ret && p->dir)
		ret = posix_spawn_file_actions_addchdir_np(&actions, p->dir);
	if (!ret)
		ret = posix_spawnp(pid, p->argv[0], &actions, &attributes, (char *const *)p->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* Waits for one of the signals, or so long; the time a program needs to end is up to it. */
static int next_signal(bool ending)
{
	const struct timespec patience = {.tv_sec = ending ? PATIENCE_SECONDS : 3600};

	return sigtimedwait(&guard.waited_for, NULL, &patience);
}

static int wait_for(struct process *p, pid_t pid)
{
	bool ending = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		int signal = next_signal(ending);

		if (signal < 0 && errno == EAGAIN && ending) {
			kill(-pid, SIGKILL);
		} else if (signal > 0 && signal != SIGCHLD) {
			guard.interrupted = true;
			if (p->cleanup)
				continue;
			ending = true;
			kill(-pid, SIGTERM);
		}
	}
	p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return ending ? -EINTR : 0;
}

static char *content(int fd)
{
	struct stat st;
	char *text;
	ssize_t len;

	if (fstat(fd, &st))
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	len = text ? pread(fd, text, (size_t)st.st_size, 0) : -1;
	if (len < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static bool was_interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	guard.interrupted |=
		sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
	return guard.interrupted;
}

/* Its exit status is that of a shell which does not find a program. */
static void note_absence(struct process *p, int err, int error)
{
	dprintf(err, "%s: %s\n", p->argv[0], strerror(error));
	p->status = 127;
}

static int run_into(struct process *p, int out, int err)
{
	pid_t pid;
	int ret = start(p, out, err, &pid);

	if (ret)
		note_absence(p, err, ret);
	else
		ret = wait_for(p, pid);
	if (ret < 0)
		return ret;
	p->out = content(out);
	p->err = content(err);
	return p->out && p->err ? 0 : -ENOMEM;
}

int process_run(struct process *p)
{
	int out, err, ret;

	p->out = p->err = NULL;
	if (!p->cleanup && was_interrupted())
		return -EINTR;
	out = memfd_create("out", MFD_CLOEXEC);
	err = memfd_create("err", MFD_CLOEXEC);
	ret = out < 0 || err < 0 ? -errno : run_into(p, out, err);
	if (out >= 0)
		close(out);
	if (err >= 0)
		close(err);
	if (ret)
		process_free(p);
	return ret;
}

void process_free(struct process *p)
{
	free(p->out);
	free(p->err);
	p->out = p->err = NULL;
}

static void keep_line(const char *text, size_t len, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)len, text);
}

void process_first_line(const char *text, char *buf, size_t size)
{
	text += strspn(text, " \n");
	keep_line(text, strcspn(text, "\n"), buf, size);
}

void process_last_line(const char *text, char *buf, size_t size)
{
	const char *last = text;

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (strspn(text, " ") < len)
			last = text;
	}
	keep_line(last, strcspn(last, "\n"), buf, size);
}

/* SPDX-License-Identifier: MIT */
#include "jobs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void change_environment(const char *const *env)
{
	for (; env && *env; env++) {
		if (strchr(*env, '='))
			putenv((char *)*env);
		else
			unsetenv(*env);
	}
}

/* Standard input, output and error; false with errno. */
static int redirect(const char *out)
{
	int in = open("/dev/null", O_RDONLY), to;

	if (in < 0 || dup2(in, 0) < 0)
		return -1;
	to = out ? open(out, O_WRONLY | O_CREAT | O_APPEND, 0666) : open("/dev/null", O_WRONLY);
	if (to < 0 || dup2(to, 1) < 0 || dup2(to, 2) < 0)
		return -1;
	if (in > 2)
		close(in);
	if (to > 2)
		close(to);
	return 0;
}

static void __attribute__((noreturn)) become(const struct child_options *o, pid_t parent, int report)
{
	static const struct rlimit no_core;
	sigset_t none;
	int error;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	/* The parent may be gone already: then nobody sends the signal any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && redirect(o->out) == 0) {
		change_environment(o->env);
		execv(o->argv[0], (char *const *)o->argv);
	}
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

pid_t child_start(const struct child_options *options)
{
	int report[2], error;
	pid_t pid, parent = getpid();

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		become(options, parent, report[1]);
	error = errno;
	close(report[1]);
	if (pid < 0) {
		close(report[0]);
		return -error;
	}
	/* Nothing comes if the program began: its end of the pipe was closed. */
	if (read(report[0], &error, sizeof(error)) == sizeof(error)) {
		waitpid(pid, NULL, 0);
		pid = -error;
	}
	close(report[0]);
	return pid;
}

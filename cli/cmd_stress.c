/* SPDX-License-Identifier: MIT */
/* The thread runtime is another program: a process has one runtime. It lies beside this one, or in libexec. */
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

#if PFNSTORM_PARTS
int cmd_stress(int argc, char **argv)
{
	static const char *const places[] = {"", "/../libexec/pfnstorm", "/../libexec"};
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *folder;

	(void)argc;
	if (len < 0)
		return command_fail(EXIT_BROKEN, "/proc/self/exe: %s", strerror(errno));
	self[len] = '\0';
	folder = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s%s/pfnstorm-stress", folder, places[i]) >= sizeof(path) ||
		    access(path, X_OK))
			continue;
		argv[0] = path;
		execv(path, argv);
		return command_fail(EXIT_BROKEN, "%s: %s", path, strerror(errno));
	}
	return command_fail(EXIT_BROKEN, "pfnstorm-stress is not beside %s and not in libexec", folder);
}
#endif

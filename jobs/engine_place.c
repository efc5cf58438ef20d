/* SPDX-License-Identifier: MIT */
#include "jobs/engine_place.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/rt/types.h"
#include "crashes/file.h"

static const char *const kind_names[] = {[ENGINE_LIBFUZZER] = "libfuzzer", [ENGINE_AFL] = "afl"};
static const char *const prefixes[] = {[ENGINE_LIBFUZZER] = "fuzz", [ENGINE_AFL] = "afl"};

const char *engine_kind_name(enum engine_kind kind)
{
	return kind_names[kind];
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The folder of the running tool; "." if it does not say. */
static void own_folder(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len < 0 ? 0 : len] = '\0';
	snprintf(path, PATH_MAX, "%s", dirname(self));
}

const char *engine_place(enum engine_kind kind, const char *target, const char *folder, char path[PATH_MAX],
			 char *message, size_t size)
{
	static const char *const beside[] = {"", "/../../%s/bin", "/../libexec/pfnstorm", "/../libexec"};
	static const char *const below[] = {"", "/%s/bin", "/build/%s/bin"};
	const char *const *places = folder ? below : beside;
	u32 nr = folder ? ARRAY_SIZE(below) : ARRAY_SIZE(beside);
	const char *prefix = prefixes[kind];
	char self[PATH_MAX], place[64];

	if (!folder)
		own_folder(self);
	for (u32 i = 0; i < nr; i++) {
		const char *preset = strchr(places[i], '%');

		if (preset)
			snprintf(place, sizeof(place), "%.*s%s%s", (int)(preset - places[i]), places[i], prefix,
				 preset + 2);
		else
			snprintf(place, sizeof(place), "%s", places[i]);
		if ((size_t)snprintf(path, PATH_MAX, "%s%s/%s_%s", folder ? folder : self, place, prefix, target) <
			    PATH_MAX &&
		    is_program(path))
			return path;
	}
	snprintf(message, size,
		 "%s_%s was not found %s%s; build it with './dev build %s', or say where with --engines DIR", prefix,
		 target, folder ? "in " : "beside ", folder ? folder : self, prefix);
	return NULL;
}

const char *engine_mutator_place(const char *engine, char path[PATH_MAX])
{
	static const char *const places[] = {"/../lib/", "/"};
	const char *slash = strrchr(engine, '/');

	if (!slash)
		return NULL;
	for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
		int n = snprintf(path, PATH_MAX, "%.*s%safl_mutator.so", (int)(slash - engine), engine, places[i]);

		if (n < PATH_MAX && access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

static const char *data_place(const char *const *forms, u32 nr, const char *target, char path[PATH_MAX])
{
	char self[PATH_MAX];

	own_folder(self);
	for (u32 i = 0; i < nr; i++) {
		const char *rest = strchr(forms[i], '%');

		if ((size_t)snprintf(path, PATH_MAX, "%s%.*s%s%s", self, (int)(rest - forms[i]), forms[i], target,
				     rest + 2) < PATH_MAX &&
		    access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

const char *engine_seeds(const char *target, char path[PATH_MAX])
{
	static const char *const forms[] = {"/../../../corpus/%s", "/../share/pfnstorm/corpus/%s"};

	return data_place(forms, ARRAY_SIZE(forms), target, path);
}

const char *engine_dictionary(const char *target, char path[PATH_MAX])
{
	static const char *const forms[] = {"/../../../fuzz/targets/%s.dict", "/../share/pfnstorm/%s.dict"};

	return data_place(forms, ARRAY_SIZE(forms), target, path);
}

const char *engine_in_path(const char *name, const char *search, char path[PATH_MAX])
{
	for (const char *at = search; at && *at;) {
		size_t len = strcspn(at, ":");

		if (len && (size_t)snprintf(path, PATH_MAX, "%.*s/%s", (int)len, at, name) < PATH_MAX &&
		    is_program(path))
			return path;
		at += len;
		at += *at == ':';
	}
	return NULL;
}

bool engine_compiler(const char *program, char *buf, size_t size)
{
	static const char words[] = "clang version ";
	size_t len;
	char *bytes = file_read(program, &len);
	const char *found = bytes ? memmem(bytes, len, words, sizeof(words) - 1) : NULL;

	if (found)
		snprintf(buf, size, "%s%.*s", words, (int)strspn(found + sizeof(words) - 1, "0123456789."),
			 found + sizeof(words) - 1);
	free(bytes);
	return found;
}

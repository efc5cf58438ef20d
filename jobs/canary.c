/* SPDX-License-Identifier: MIT */
#include "jobs/canary.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/grow.h"
#include "fuzz/scenario.h"

struct candidate {
	struct canary canary;
	u32 ops;
};

/* "KIND", or "invariant-LAW". False: the scenario expects nothing, or any law. */
static bool detector_of(const struct scenario *s, char detector[CANARY_DETECTOR_MAX])
{
	const char *words = s->expect.words;

	if (!s->expect.set || s->expect.kind == VERDICT_ok)
		return false;
	snprintf(detector, CANARY_DETECTOR_MAX, "%s", verdict_name(s->expect.kind));
	if (s->expect.kind != VERDICT_invariant)
		return true;
	if (strncmp(words, "law ", 4) == 0)
		words += 4;
	snprintf(detector, CANARY_DETECTOR_MAX, "%s-%s", verdict_name(s->expect.kind), words);
	for (char *c = detector; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '-';
	return *words && strcmp(words, "law") != 0;
}

/* Its text has "# or: …": what is expected is not the only way to see the bug. */
static bool has_alternative(const char *path)
{
	char *text = file_read(path, NULL);
	bool has = text && strstr(text, "\n# or:");

	free(text);
	return has;
}

static u32 operations_of(const struct scenario *s)
{
	return scenario_nr_ops(s) + s->nr_boot_ops;
}

static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->canary.detector, y->canary.detector);

	if (order)
		return order;
	return x->ops != y->ops ? (x->ops < y->ops ? -1 : 1) : strcmp(x->canary.scenario, y->canary.scenario);
}

static int add_candidates(const char *folder, struct candidate **list, u32 *count, char *message, size_t size)
{
	static struct scenario s;
	struct dirent *entry;
	char path[4096];
	DIR *d = opendir(folder);
	int ret = 0;

	if (!d) {
		ret = -errno;
		snprintf(message, size, "%s: %s; canaries need a folder of scenarios", folder, strerror(errno));
		return ret;
	}
	while (!ret && (entry = readdir(d))) {
		struct candidate c = {0};

		if (fnmatch("*.pfn", entry->d_name, 0) != 0 ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= sizeof(path))
			continue;
		ret = scenario_load(path, &s, message, size);
		if (ret || !detector_of(&s, c.canary.detector) || has_alternative(path))
			continue;
		c.ops = operations_of(&s);
		c.canary.scenario = strdup(path);
		*list = grow_array(*list, *count, sizeof(**list));
		(*list)[(*count)++] = c;
	}
	closedir(d);
	return ret;
}

int canaries_of(const char *folder, struct canary **list, char *message, size_t size)
{
	struct candidate *candidate = NULL;
	u32 count = 0, kept = 0;
	int ret = add_candidates(folder, &candidate, &count, message, size);

	*list = NULL;
	if (count)
		qsort(candidate, count, sizeof(*candidate), compare);
	for (u32 i = 0; i < count; i++) {
		if (ret || (i && strcmp(candidate[i - 1].canary.detector, candidate[i].canary.detector) == 0)) {
			free(candidate[i].canary.scenario);
			continue;
		}
		*list = grow_array(*list, kept, sizeof(**list));
		(*list)[kept++] = candidate[i].canary;
	}
	free(candidate);
	if (!ret && !kept) {
		snprintf(message, size, "%s: expected scenarios of planted bugs, found none", folder);
		ret = -ENOENT;
	}
	return ret ? ret : (int)kept;
}

int canary_folder(const char *tool, char *folder, size_t size)
{
	static const char *const places[] = {"/../share/pfnstorm/planted", "/../../../corpus/planted"};
	const char *slash = strrchr(tool, '/');

	for (size_t i = 0; slash && i < ARRAY_SIZE(places); i++)
		if ((size_t)snprintf(folder, size, "%.*s%s", (int)(slash - tool), tool, places[i]) < size &&
		    access(folder, R_OK | X_OK) == 0)
			return 0;
	return -ENOENT;
}

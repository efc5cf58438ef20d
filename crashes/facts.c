/* SPDX-License-Identifier: MIT */
#include "crashes/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crashes/input.h"
#include "fuzz/token.h"

bool facts_is_minimal(const char *found_by)
{
	return strncmp(found_by, "minimize", 8) == 0;
}

int facts_read(const char *dir, const char *name, struct crash_facts *facts, char *message, size_t size)
{
	static struct scenario s;
	static char token[TOKEN_MAX];
	struct folder_verdict v;
	char path[PATH_MAX];
	int ret;

	memset(facts, 0, sizeof(*facts));
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path) ||
	    strlen(name) >= sizeof(facts->folder)) {
		snprintf(message, size, "%.64s…: path too long", name);
		return -ENAMETOOLONG;
	}
	ret = folder_read_verdict(path, &v, message, size);
	if (!ret)
		ret = input_load(path, &s, message, size);
	if (ret)
		return ret;
	memcpy(facts->folder, name, strlen(name) + 1);
	memcpy(facts->kind, v.kind, sizeof(facts->kind));
	memcpy(facts->signature, v.signature, sizeof(facts->signature));
	memcpy(facts->cause, v.cause, sizeof(facts->cause));
	facts->seen = v.seen;
	facts->hits = v.hits;
	facts->runs = v.runs;
	facts->exact = v.exact;
	facts->minimal = facts_is_minimal(v.found_by);
	facts->ops = scenario_nr_ops(&s) + s.nr_boot_ops;
	facts->preemptions = schedule_preemptions(&s.schedule);
	facts->token = (u32)max(token_encode(&s, token, sizeof(token)), (ssize_t)0);
	return 0;
}

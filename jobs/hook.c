/* SPDX-License-Identifier: MIT */
#include "jobs/hook.h"

#include <stdio.h>
#include <string.h>

#include "jobs/unit_process.h"

#define VARIABLES 12

static enum job_key key_of(enum night_outcome outcome)
{
	switch (outcome) {
	case NIGHT_green:
		return JOB_KEY_night_hook_green;
	case NIGHT_found:
		return JOB_KEY_night_hook_found;
	case NIGHT_regression:
		return JOB_KEY_night_hook_regression;
	case NIGHT_canary:
		return JOB_KEY_night_hook_canary;
	case NIGHT_infrastructure:
		return JOB_KEY_night_hook_infrastructure;
	default:
		return NR_JOB_KEYS;
	}
}

/* False: it failed, and @message says how. */
static bool run_hook(const struct night *n, enum job_key key, const char *const *set, char *message, size_t size)
{
	const char *const argv[] = {"/bin/sh", "-c", job_text(n->settings, key), NULL};
	char log[PATH_MAX];
	struct unit_process p = {.dir = n->home,
				 .argv = argv,
				 .log = log,
				 .set = set,
				 .lock = -1,
				 .seconds_max = job_seconds(n->settings, JOB_KEY_night_hook_timeout)};
	int ret;

	if (snprintf(log, sizeof(log), "%s/hooks.log", n->path) >= PATH_MAX)
		return false;
	ret = unit_process_run(&p);
	unit_process_free(&p);
	if (ret)
		snprintf(message, size, "%s: %s", job_keys[key].key, strerror(-ret));
	else if (p.timed_out)
		snprintf(message, size, "%s did not end within %.0f s", job_keys[key].key, p.seconds_max);
	else if (p.exit)
		snprintf(message, size, "%s ended with %d", job_keys[key].key, p.exit);
	return !ret && !p.timed_out && !p.exit;
}

u32 hooks_run(const struct night *n, char *message, size_t size)
{
	static char text[VARIABLES][PATH_MAX + 640];
	const char *set[VARIABLES + 1] = {0};
	enum job_key own = key_of(n->outcome);
	char summary[512];
	u32 failed = 0, v = 0;

	night_summary(n, summary, sizeof(summary));
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT=%s", n->id);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_JOB=%s", job_text(n->settings, JOB_KEY_night_name));
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_OUTCOME=%s", night_outcome_text(n->outcome));
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_EXIT=%d", n->exit);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_DIR=%s", n->dir);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_FOLDER=%s", n->path);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_REPORT=%s/report.html", n->path);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_SUMMARY=%s", summary);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_REVISION=%s", n->revision);
	snprintf(text[v++], sizeof(text[0]), "PFNSTORM_NIGHT_TOOL=%s", n->options->tool);
	for (u32 i = 0; i < v; i++)
		set[i] = text[i];
	if (own != NR_JOB_KEYS && job_has(n->settings, own))
		failed += !run_hook(n, own, set, message, size);
	if (job_has(n->settings, JOB_KEY_night_hook_always))
		failed += !run_hook(n, JOB_KEY_night_hook_always, set, message, size);
	return failed;
}

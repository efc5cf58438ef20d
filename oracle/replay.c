/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/replay.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "oracle/boot.h"
#include "oracle/guest.h"
#include "oracle/resync.h"
#include "oracle/step.h"
#include "oracle/uevents.h"

#define STEP_LIMIT (1ULL << 40)

static struct {
	struct recording recording;
	struct oracle_machine machine;
	struct oracle_state state;
	struct oracle_result *result;
	bool behind; /* the recording, by a step that could not be replayed */
} now;

static void count(enum step_effect effect, bool changes)
{
	struct oracle_result *result = now.result;

	result->steps++;
	result->replayed += effect != STEP_UNKNOWN;
	result->changing += changes;
	result->changing_replayed += changes && effect != STEP_UNKNOWN;
}

static void try_resync(void)
{
	if (!recording_has_snapshot(&now.recording))
		return;
	resync(&now.state);
	now.result->resynchronised++;
	now.behind = false;
}

static void replay_step(void)
{
	struct comparison *c = &now.result->comparison;
	const char *text = recording_step_text(&now.recording);
	enum step_effect effect;

	c->step = (u32)json_number(now.recording.step, "n", now.recording.next);
	uevents_clear();
	now.state.share = SHARE_WHOLE;
	effect = step_perform(&now.state, text);
	count(effect, step_changes(text));
	if (effect == STEP_UNKNOWN) {
		now.behind = true;
		try_resync();
		return;
	}
	/* Between a step that is not understood and the next snapshot nobody knows where the kernel is. */
	if (now.behind && !recording_has_snapshot(&now.recording))
		return;
	if (now.behind) {
		try_resync();
		return;
	}
	uevents_compare(c, json_at(now.recording.step, "uevents", NULL), now.state.share);
	if (recording_has_snapshot(&now.recording))
		compare_snapshot(c, now.recording.snapshot);
}

/* Module parameters of the kernel's command line: "memory_hotplug.auto_movable_ratio=150". */
static void set_parameters(const char *cmdline)
{
	static const char prefix[] = "memory_hotplug.";
	char path[128], name[64], value[64];

	for (const char *at = cmdline; (at = strstr(at, prefix)) != NULL; at += strlen(prefix)) {
		if (sscanf(at + strlen(prefix), "%63[a-z_]=%63s", name, value) != 2)
			continue;
		snprintf(path, sizeof(path), "/sys/module/memory_hotplug/parameters/%s", name);
		if (!core_file_open(path, true))
			core_file_write(path, value, strlen(value));
	}
}

static void replay_task(void *arg)
{
	(void)arg;
	/* Writers wait until a signal comes, as in the guest. */
	core_set_write_patience(UINT64_MAX);
	set_parameters(json_text(now.recording.root, "guest_cmdline", ""));
	compare_snapshot(&now.result->comparison, now.recording.snapshot);
	while (recording_next(&now.recording))
		replay_step();
	guest_end();
}

/* "…/05_span_shrink.json.gz" -> "05_span_shrink" */
static void set_name(const char *path, struct oracle_result *result)
{
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(result->recording, sizeof(result->recording), "%s", basename(copy));
	result->recording[strcspn(result->recording, ".")] = '\0';
}

static void run(struct rt_result *run)
{
	const struct rt_config config = {
		.cpus = now.machine.config.cpus,
		.step_limit = STEP_LIMIT,
		.warn_continue = true,
	};

	core_boot(&now.machine.config, &config, NULL, NULL);
	core_check_after_each_op(false);
	/* Some laws do not hold with the holes that 6.1 has: what counts here is what the kernel showed. */
	rt_set_quiescence_check(NULL);
	core_set_uevent_listener(uevents_note);
	rt_task_create("replay", 0, replay_task, NULL);
	guest_create();
	rt_run(run);
	core_set_uevent_listener(NULL);
}

void oracle_switches(struct switches *sw)
{
	switches_default(sw);
	switches_set_era(sw, "6.1");
}

int oracle_replay(const char *path, const struct switches *sw, struct oracle_result *result, char *error, size_t size)
{
	struct rt_result rt;
	char why[256];

	*result = (struct oracle_result){.steps = 0};
	set_name(path, result);
	if (recording_load(path, &now.recording, error, size))
		return -1;
	if (oracle_machine_init(&now.recording, &now.machine, why, sizeof(why))) {
		snprintf(error, size, "%s: %s", path, why);
		recording_free(&now.recording);
		return -1;
	}
	now.machine.config.sw = *sw;
	result->comparison.recording = result->recording;
	memset(&now.state, 0, sizeof(now.state));
	now.state.recording = &now.recording;
	now.state.machine = &now.machine;
	now.state.comparison = &result->comparison;
	now.result = result;
	now.behind = false;
	run(&rt);
	result->verdict = rt.verdict;
	recording_free(&now.recording);
	return 0;
}

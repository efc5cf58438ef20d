/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"
#include "oracle/output.h"

#define ACTIONS "/sys/kernel/debug/notifier-error-inject/memory/actions/"
#define MODULE_ADDED "add@/module/memory_notifier_error_inject "

/* ---- all, or so many of them ----------------------------------------------------------------------------------- */

static u32 blocks_in_state(u64 *ids, const char *state)
{
	u32 nr = blocks_listed(ids, true), kept = 0;

	for (u32 i = 0; i < nr; i++)
		if (block_reads(ids[i], "state", state))
			ids[kept++] = ids[i];
	return kept;
}

static void online_all(struct output *o)
{
	u64 ids[GUEST_BLOCKS_MAX];
	u32 nr = blocks_in_state(ids, "offline");

	output_add(o, "\t online all hot-pluggable memory in offline state:\n");
	for (u32 i = 0; i < nr; i++) {
		output_add(o, "offline->online memory%" PRIu64 "\n", ids[i]);
		block_write_state(ids[i], "online");
	}
	if (!nr)
		output_add(o, "\t\t SKIPPED - no hot-pluggable memory in offline state\n");
}

static void offline_some(struct output *o, u32 percent)
{
	u64 ids[GUEST_BLOCKS_MAX];
	u32 nr = blocks_in_state(ids, "online"), target = (nr * percent + 99) / 100;

	output_add(o, "\t offline %u%% hot-pluggable memory in online state\n", percent);
	output_add(o, "\t trying to offline %u out of %u memory block(s):\n", target, nr);
	for (u32 i = 0; i < nr && target; i++) {
		bool done;

		output_add(o, "online->offline memory%" PRIu64 "\n", ids[i]);
		done = block_write_state(ids[i], "offline") > 0;
		output_add(o, "-> %s\n", done ? "Success" : "Failure");
		target -= done;
	}
}

/* ---- errors of listeners: which blocks is chance, and the recording tells -------------------------------------- */

static void inject(const char *event, s32 error)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), ACTIONS "%s/error", event);
	snprintf(text, sizeof(text), "%d", error);
	core_file_write(path, text, strlen(text));
}

/* Blocks whose events "online@…" or "offline@…" come after the module's. */
static u32 blocks_of_events(struct json_object *step, const char *action, u64 *ids)
{
	struct json_object *events = json_at(step, "uevents", NULL);
	bool behind = false;
	u32 nr = 0;

	for (size_t i = 0; events && i < json_object_array_length(events) && nr < GUEST_BLOCKS_MAX; i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(events, i));
		const char *name = strstr(line, "/memory/memory");

		behind = behind || strncmp(line, MODULE_ADDED, strlen(MODULE_ADDED)) == 0;
		if (behind && name && strncmp(line, action, strlen(action)) == 0)
			ids[nr++] = strtoull(name + strlen("/memory/memory"), NULL, 10);
	}
	return nr;
}

/* "online_pages [mem 0x8000000-…] failed", "memory offlining [mem 0x18000000-…] failed due to notifier failure" */
static u32 blocks_of_messages(struct json_object *step, const char *what, const char *why, u64 *ids)
{
	struct json_object *messages = json_at(step, "dmesg", NULL);
	u32 nr = 0;

	for (size_t i = 0; messages && i < json_object_array_length(messages) && nr < GUEST_BLOCKS_MAX; i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(messages, i));
		const char *at = strstr(line, what);

		if (at && strstr(line, why))
			ids[nr++] = strtoull(at + strlen(what), NULL, 16) >> BLOCK_SHIFT;
	}
	return nr;
}

/* Each of them; none but those that fail with @error is to fail. */
static void write_each(struct oracle_state *s, const char *field, const u64 *ids, u32 nr, const char *type, s32 error)
{
	for (u32 i = 0; i < nr; i++) {
		s64 ret = block_write_state(ids[i], type);

		compare_number(s->comparison, field, error, ret < 0 ? ret : 0);
	}
}

static void with_errors(struct oracle_state *s, s32 error)
{
	struct json_object *step = s->recording->step;
	u64 ids[GUEST_BLOCKS_MAX];
	u32 nr;

	nr = blocks_of_events(step, "offline@", ids);
	write_each(s, "selftest.offline", ids, nr, "offline", 0);
	nr = blocks_of_messages(step, "online_pages [mem ", " failed", ids);
	inject("MEM_GOING_ONLINE", error);
	write_each(s, "selftest.online_refused", ids, nr, "online", error);
	inject("MEM_GOING_ONLINE", 0);
	nr = blocks_of_events(step, "online@", ids);
	write_each(s, "selftest.online", ids, nr, "online", 0);
	nr = blocks_of_messages(step, "memory offlining [mem ", "notifier failure", ids);
	inject("MEM_GOING_OFFLINE", error);
	write_each(s, "selftest.offline_refused", ids, nr, "offline", error);
	inject("MEM_GOING_OFFLINE", 0);
}

enum step_effect selftest_perform(struct oracle_state *s, const char *command)
{
	const char *at = strstr(command, "mem-on-off-test.sh -r "), *option;
	static struct output o;
	s32 error = -12;
	u32 percent;

	if (!at || sscanf(at, "mem-on-off-test.sh -r %u", &percent) != 1)
		return STEP_UNKNOWN;
	option = strstr(at, " -e ");
	if (option)
		error = (s32)strtol(option + strlen(" -e "), NULL, 10);
	o.len = 0;
	output_add(&o, "Test scope: %u%% hotplug memory\n", percent);
	online_all(&o);
	offline_some(&o, percent);
	online_all(&o);
	output_add(&o, "\t Test with memory notifier error injection\n");
	with_errors(s, error);
	output_add(&o, "rc=0\n");
	output_compare(s, &o);
	return STEP_CHANGES;
}

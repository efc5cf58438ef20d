/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/uevents.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 16384

static struct {
	char text[TEXT_MAX];
	size_t len;
	u32 count;
	u32 guard;
} seen;

/*
 * Tasks note while the replay looks: all on one thread, and nobody switches in between, so the guard is always free. It
 * is for sanitizers, to whom each task is a thread.
 */
static void enter(void)
{
	__atomic_exchange_n(&seen.guard, 1, __ATOMIC_ACQUIRE);
}

static void leave(void)
{
	__atomic_store_n(&seen.guard, 0, __ATOMIC_RELEASE);
}

void uevents_clear(void)
{
	enter();
	seen.len = 0;
	seen.count = 0;
	seen.text[0] = '\0';
	leave();
}

static void add(char *text, size_t *len, const char *line)
{
	int more = snprintf(text + *len, TEXT_MAX - *len, "%s%s", *len ? " " : "", line);

	if (more > 0 && *len + (size_t)more < TEXT_MAX)
		*len += (size_t)more;
}

void uevents_note(enum uevent_action action, enum uevent_device device, u64 id)
{
	static const char *const actions[] = {"add", "remove", "online", "offline", "change", "move", "bind", "unbind"};
	const char *name = device == DEVICE_NODE ? "node" : "memory";
	char line[64];

	snprintf(line, sizeof(line), "%s@%s%" PRIu64, actions[action], name, id);
	enter();
	add(seen.text, &seen.len, line);
	seen.count++;
	leave();
}

/* "add@/devices/system/memory/memory32 SUBSYSTEM=memory" as "add@memory32". */
static bool shorten(const char *recorded, char *line, size_t size)
{
	const char *at = strchr(recorded, '@'), *end = strchr(recorded, ' '), *name;

	if (!at || !end || (!strstr(recorded, "/memory/memory") && !strstr(recorded, "/node/node")))
		return false;
	name = end;
	while (name > at && name[-1] != '/')
		name--;
	snprintf(line, size, "%.*s@%.*s", (int)(at - recorded), recorded, (int)(end - name), name);
	return true;
}

/* "...[160 lines trimmed]": how many events the recording leaves out, 0 for none. */
static u32 trimmed(struct json_object *recorded)
{
	u32 lines = 0;

	for (size_t i = 0; recorded && !lines && i < json_object_array_length(recorded); i++)
		if (sscanf(json_object_get_string(json_object_array_get_idx(recorded, i)), "...[%u lines", &lines) != 1)
			lines = 0;
	return lines;
}

void uevents_compare(struct comparison *c, struct json_object *recorded, struct share share)
{
	u32 left_out = trimmed(recorded);
	static char kernel[TEXT_MAX], model[TEXT_MAX];
	char line[64];
	size_t len = 0;
	u32 count;

	enter();
	count = seen.count;
	memcpy(model, seen.text, sizeof(model));
	leave();
	/* Of a list that is not whole, the length. */
	if (left_out) {
		compare_number(c, "uevents", share_of(share, (s64)(json_object_array_length(recorded) - 1 + left_out)),
			       count);
		return;
	}
	kernel[0] = '\0';
	for (size_t i = 0; recorded && i < json_object_array_length(recorded); i++)
		if (shorten(json_object_get_string(json_object_array_get_idx(recorded, i)), line, sizeof(line)))
			add(kernel, &len, line);
	compare_text(c, "uevents", kernel, model);
}

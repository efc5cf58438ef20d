/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/step.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"
#include "oracle/guest.h"
#include "oracle/shell.h"
#include "oracle/stress.h"
#include "oracle/texts.h"
#include "oracle/virtio_mem.h"

#define WORD_MAX 256
#define PAGE_SHIFT 12

/* ---- words of a step ------------------------------------------------------------------------------------------- */

static void unquote(const char **text, char *buf, size_t size)
{
	const char *s = *text + 1;
	size_t len = 0;

	while (*s && *s != '"') {
		char c = *s++;

		if (c == '\\' && *s)
			c = *s++ == 'n' ? '\n' : s[-1];
		if (len + 1 < size)
			buf[len++] = c;
	}
	buf[len] = '\0';
	*text = *s ? s + 1 : s;
}

/* The next word, quotes and escapes resolved; false at the end. */
static bool next_word(const char **text, char *buf, size_t size)
{
	size_t len = 0;

	while (**text == ' ')
		(*text)++;
	if (!**text)
		return false;
	if (**text == '"') {
		unquote(text, buf, size);
		return true;
	}
	for (; **text && **text != ' '; (*text)++)
		if (len + 1 < size)
			buf[len++] = **text;
	buf[len] = '\0';
	return true;
}

u64 step_bytes(const char *word)
{
	char *unit;
	u64 n = strtoull(word, &unit, 0);

	switch (*unit) {
	case 'G':
	case 'g':
		return n << 30;
	case 'M':
	case 'm':
		return n << 20;
	case 'K':
	case 'k':
		return n << 10;
	default:
		return n;
	}
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static struct json_object *result_of(const struct oracle_state *s)
{
	return json_at(s->recording->step, "result", NULL);
}

/* Virtual milliseconds: of a writer whom the kernel's alarm interrupted, and of one that came to its end. */
#define ALARM_MS 60000
#define PATIENCE_MS 1000000
/* Until an ejection is said to be in progress. */
#define EJECT_MS 60000

/* False: it could not even begin. A writer that waits is interrupted, and if that does not end it, killed. */
static bool write_job(const char *path, const char *data, u32 alarm_ms, struct guest_job *result)
{
	struct guest_job *job = guest_write(path, data);

	if (!job)
		return false;
	if (!guest_wait(job, alarm_ms)) {
		guest_interrupt(job);
		guest_wait(job, ALARM_MS);
	}
	if (!guest_wait(job, 0)) {
		guest_kill(job);
		guest_wait(job, PATIENCE_MS);
	}
	*result = guest_result(job);
	return true;
}

static void write_and_compare(struct oracle_state *s, const char *path, const char *data)
{
	struct json_object *result = result_of(s);
	s64 open_errno = json_number(result, "open_errno", 0);
	int opened = core_file_open(path, true);
	bool killed = json_at(result, "killed_by_signal", NULL) != NULL;
	u32 alarm_ms = killed || json_number(result, "errno", 0) == EINTR ? ALARM_MS : PATIENCE_MS;
	struct guest_job job = {.ret = 0};

	compare_number(s->comparison, "result.open_errno", open_errno, -opened);
	if (opened || open_errno || !write_job(path, data, alarm_ms, &job))
		return;
	compare_number(s->comparison, "result.killed", killed, job.killed);
	if (job.killed)
		return;
	compare_number(s->comparison, "result.ret", json_number(result, "ret", 0), job.ret < 0 ? -1 : job.ret);
	compare_number(s->comparison, "result.errno", json_number(result, "errno", 0), job.ret < 0 ? -job.ret : 0);
}

/* "memory32/state": it may go offline. */
static void before_block(struct oracle_state *s, const char *path)
{
	u64 id;

	if (sscanf(path, "memory%" SCNu64, &id) == 1)
		kernel_pages_set(&s->kernel_pages, s->recording->step, id, id);
}

static enum step_effect step_state(struct oracle_state *s, const char *args, const char *otherwise)
{
	char block[WORD_MAX], data[WORD_MAX], path[WORD_MAX + 8];

	if (!next_word(&args, block, sizeof(block)))
		return STEP_UNKNOWN;
	/* "timeout" is how long the writer waits, not what is written. */
	if (!next_word(&args, data, sizeof(data)) || strcmp(data, "timeout") == 0)
		snprintf(data, sizeof(data), "%s", otherwise);
	snprintf(path, sizeof(path), "%s/state", block);
	before_block(s, path);
	write_and_compare(s, path, data);
	return STEP_CHANGES;
}

static enum step_effect step_online(struct oracle_state *s, const char *args)
{
	return step_state(s, args, "online");
}

static enum step_effect step_offline(struct oracle_state *s, const char *args)
{
	return step_state(s, args, "offline");
}

static const char *real_path(const char *path)
{
	return strcmp(path, "auto") == 0 ? "auto_online_blocks" : path;
}

static enum step_effect step_write(struct oracle_state *s, const char *args)
{
	char path[WORD_MAX], data[WORD_MAX];

	if (!next_word(&args, path, sizeof(path)) || !next_word(&args, data, sizeof(data)))
		return STEP_UNKNOWN;
	before_block(s, path);
	write_and_compare(s, real_path(path), data);
	return STEP_CHANGES;
}

static enum step_effect step_read(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s);
	static char text[TEXTS_MAX], kernel[TEXTS_MAX];
	char path[WORD_MAX];
	s64 ret;

	if (!next_word(&args, path, sizeof(path)))
		return STEP_UNKNOWN;
	text[0] = '\0';
	ret = core_file_read(real_path(path), text, sizeof(text));
	compare_number(s->comparison, "result.errno", json_number(result, "errno", 0), ret < 0 ? -ret : 0);
	snprintf(kernel, sizeof(kernel), "%s", json_text(result, "text", ""));
	if (ret >= 0 && texts_known(path))
		texts_compare(s->comparison, path, kernel, text, false);
	else if (ret >= 0)
		compare_text(s->comparison, "result.text", json_text(result, "text", ""), text);
	return STEP_LOOKS;
}

/* ---- dimms ----------------------------------------------------------------------------------------------------- */

static struct oracle_dimm *dimm_of(struct oracle_state *s, const char *id)
{
	for (u32 i = 0; i < DIMMS_MAX; i++)
		if (s->dimm[i].size && strcmp(s->dimm[i].id, id) == 0)
			return &s->dimm[i];
	return NULL;
}

static struct oracle_dimm *new_dimm(struct oracle_state *s)
{
	for (u32 i = 0; i < DIMMS_MAX; i++)
		if (!s->dimm[i].size)
			return &s->dimm[i];
	return NULL;
}

/* "dimm ID SIZE node N": what QEMU refuses never gets to the kernel. */
static enum step_effect step_plug(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s);
	char kind[WORD_MAX], id[WORD_MAX], size[WORD_MAX], node[WORD_MAX];
	struct oracle_dimm *dimm = new_dimm(s);
	u32 nid;

	if (!dimm || !next_word(&args, kind, sizeof(kind)) || strcmp(kind, "dimm") != 0 ||
	    !next_word(&args, id, sizeof(id)) || !next_word(&args, size, sizeof(size)) ||
	    !next_word(&args, node, sizeof(node)) || !next_word(&args, node, sizeof(node)))
		return STEP_UNKNOWN;
	if (json_at(result, "qmp_error", NULL))
		return STEP_LOOKS;
	nid = (u32)strtoul(node, NULL, 10);
	if (nid >= CORE_NODES_MAX)
		return STEP_UNKNOWN;
	snprintf(dimm->id, sizeof(dimm->id), "%s", id);
	dimm->start = strtoull(json_text(result, "addr", "0"), NULL, 16);
	dimm->size = step_bytes(size);
	core_plug_memory(s->machine->qemu_node[nid], dimm->start, dimm->size);
	return STEP_CHANGES;
}

static enum step_effect step_unplug(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s);
	char id[WORD_MAX];
	struct oracle_dimm *dimm;
	struct guest_job *job;
	bool removed;

	if (!next_word(&args, id, sizeof(id)))
		return STEP_UNKNOWN;
	if (json_at(result, "qmp_error", NULL))
		return STEP_LOOKS;
	dimm = dimm_of(s, id);
	if (!dimm)
		return STEP_UNKNOWN;
	kernel_pages_set(&s->kernel_pages, s->recording->step, dimm->start >> BLOCK_SHIFT,
			 (dimm->start + dimm->size - 1) >> BLOCK_SHIFT);
	job = guest_eject(dimm->start);
	if (!job)
		return STEP_UNKNOWN;
	/* One that waits for pages goes on behind the next steps. */
	removed = guest_wait(job, EJECT_MS) && !guest_result(job).ret;
	compare_text(s->comparison, "result.removed", json_number(result, "removed", 0) ? "yes" : "no",
		     removed ? "yes" : "no");
	if (removed)
		dimm->size = 0;
	return STEP_CHANGES;
}

/* ---- memory of processes --------------------------------------------------------------------------------------- */

/* "ID KIND SIZE [node N]" */
static enum step_effect step_hold(struct oracle_state *s, const char *args)
{
	char id[WORD_MAX], kind[WORD_MAX], size[WORD_MAX], node[WORD_MAX];
	s32 nid = -1;

	if (!next_word(&args, id, sizeof(id)) || !next_word(&args, kind, sizeof(kind)) ||
	    !next_word(&args, size, sizeof(size)))
		return STEP_UNKNOWN;
	if (next_word(&args, node, sizeof(node)) && next_word(&args, node, sizeof(node))) {
		u32 qemu = (u32)strtoul(node, NULL, 10);

		nid = qemu < CORE_NODES_MAX ? s->machine->qemu_node[qemu] : -1;
	}
	if (!hold_begin(s->hold, id, kind, step_bytes(size), nid))
		return STEP_UNKNOWN;
	hold_compare(s->comparison, hold_of(s->hold, id), json_at(result_of(s), "pages_in", NULL));
	return STEP_CHANGES;
}

/* The hold that the first word names; NULL: there is none. */
static struct hold *hold_named(struct oracle_state *s, const char *args)
{
	char id[WORD_MAX];

	return next_word(&args, id, sizeof(id)) ? hold_of(s->hold, id) : NULL;
}

static enum step_effect step_drop(struct oracle_state *s, const char *args)
{
	struct hold *hold = hold_named(s, args);

	if (!hold)
		return STEP_UNKNOWN;
	hold_end(hold);
	return STEP_CHANGES;
}

static enum step_effect step_where(struct oracle_state *s, const char *args)
{
	struct hold *hold = hold_named(s, args);

	if (!hold)
		return STEP_UNKNOWN;
	hold_compare(s->comparison, hold, json_at(result_of(s), "pages_in", NULL));
	return STEP_LOOKS;
}

/* Who looks at a page that broke is killed, and then there is nobody to ask. */
static enum step_effect step_verify(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s);
	struct hold *hold = hold_named(s, args);
	bool killed = hold && hold_lost(hold);

	compare_text(s->comparison, "result.err", json_text(result, "err", ""), hold ? "" : "no such holder");
	compare_number(s->comparison, "result.signal", json_number(result, "signal", 0), killed ? SIGBUS : 0);
	if (killed)
		hold_end(hold);
	if (!hold || killed)
		return STEP_LOOKS;
	hold_compare(s->comparison, hold, json_at(result, "pages_in", NULL));
	hold_verify(hold);
	compare_number(s->comparison, "result.bad_words", json_number(result, "bad_words", -1), 0);
	return STEP_LOOKS;
}

/* "ID OFFSET": is there a page, and in which block? */
static enum step_effect step_pfn(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s);
	struct hold *hold = hold_named(s, args);
	s64 pfn;

	if (!hold || sscanf(args, "%*s %" SCNd64, &pfn) != 1)
		return STEP_UNKNOWN;
	pfn = core_slot_pfn(hold->slot, (u32)pfn);
	compare_number(s->comparison, "result.present", json_number(result, "present", 0), pfn >= 0);
	if (pfn >= 0)
		compare_number(s->comparison, "result.block",
			       (s64)(strtoull(json_text(result, "phys", "0"), NULL, 16) >> BLOCK_SHIFT),
			       pfn >> (BLOCK_SHIFT - PAGE_SHIFT));
	return STEP_LOOKS;
}

static enum step_effect step_sleep(struct oracle_state *s, const char *args)
{
	(void)s;
	(void)args;
	guest_settle(EJECT_MS);
	return STEP_LOOKS;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static enum step_effect step_nothing(struct oracle_state *s, const char *args)
{
	(void)s;
	(void)args;
	return STEP_LOOKS;
}

/* Pages that have the flag, and @also unless that is NULL. */
static s64 pages_with(struct json_object *flags, const char *flag, const char *also)
{
	s64 pages = 0;

	json_object_object_foreach(flags, names, count)
	{
		if (strstr(names, flag) && (!also || strstr(names, also)))
			pages += json_object_get_int64(count);
	}
	return pages;
}

/* "memory32" or "PFN COUNT": what the recording's histogram of /proc/kpageflags says of pages that no chance decides.
 */
static enum step_effect step_kpf(struct oracle_state *s, const char *args)
{
	struct json_object *result = result_of(s), *flags = json_at(result, "flags", NULL);
	struct core_pages_view view;

	(void)args;
	/* Behind the last page: there was nothing to read. */
	if (!flags || json_at(result, "short", NULL))
		return STEP_LOOKS;
	core_view_pages((u64)json_number(result, "first_pfn", 0), (u64)json_number(result, "npages", 0), &view);
	compare_number(s->comparison, "kpf.NOPAGE", pages_with(flags, "NOPAGE", NULL), (s64)view.nopage);
	compare_number(s->comparison, "kpf.RESERVED", pages_with(flags, "bit32", NULL), (s64)view.reserved);
	compare_number(s->comparison, "kpf.OFFLINE", pages_with(flags, "OFFLINE", NULL), (s64)view.offline);
	compare_number(s->comparison, "kpf.DIRTY|OFFLINE", pages_with(flags, "OFFLINE", "DIRTY"), (s64)view.untouched);
	compare_number(s->comparison, "kpf.HWPOISON", pages_with(flags, "HWPOISON", NULL), (s64)view.hwpoison);
	compare_number(s->comparison, "kpf.HUGE", pages_with(flags, "HUGE", NULL), (s64)view.huge);
	compare_number(s->comparison, "kpf.THP", pages_with(flags, "THP", NULL), (s64)view.thp);
	return STEP_LOOKS;
}

static const struct step {
	const char *word;
	bool changes;
	enum step_effect (*perform)(struct oracle_state *s, const char *args); /* NULL: cannot be */
} steps[] = {
	{"plug", true, step_plug},         {"unplug", true, step_unplug},
	{"online", true, step_online},     {"offline", true, step_offline},
	{"write", true, step_write},       {"read", false, step_read},
	{"snapshot", false, step_nothing}, {"sleep", false, step_sleep},
	{"trace", false, step_nothing},    {"kpf", false, step_kpf},
	{"hold", true, step_hold},         {"drop", true, step_drop},
	{"where", false, step_where},      {"verify", false, step_verify},
	{"pfn", false, step_pfn},          {"resize", true, virtio_mem_resize_step},
	{"stress", true, stress_step},     {"sh", true, shell_perform},
};

static const struct step *step_of(const char *text, const char **args)
{
	char word[WORD_MAX];

	*args = text;
	if (next_word(args, word, sizeof(word)))
		for (u32 i = 0; i < ARRAY_SIZE(steps); i++)
			if (strcmp(steps[i].word, word) == 0)
				return &steps[i];
	return NULL;
}

bool step_changes(const char *text)
{
	const char *args;
	const struct step *step = step_of(text, &args);

	return step && step->changes;
}

enum step_effect step_perform(struct oracle_state *s, const char *text)
{
	const char *args;
	const struct step *step = step_of(text, &args);

	return step && step->perform ? step->perform(s, args) : STEP_UNKNOWN;
}

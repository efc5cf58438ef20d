/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/shell.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"
#include "oracle/chmem.h"
#include "oracle/guest.h"
#include "oracle/look.h"
#include "oracle/nvdimm.h"
#include "oracle/selftest.h"

#define MEMORY_FOLDER "/sys/devices/system/memory/"
#define ENOUGH_MS 4000
#define LOOP_MS 10000000

/* ---- state files in loops -------------------------------------------------------------------------------------- */

/* "for b in 33 34; do echo TYPE > …/memory$b/state; done": one write after the other, errors are the shell's. */
static enum step_effect perform_loop(struct oracle_state *s, const char *command)
{
	char list[256], type[32], *at = list, *number;
	static struct output o;
	s64 ret = 0;

	if (sscanf(command,
		   "for %*[a-z] in %255[0-9 ]; do echo %31[a-z_] > " MEMORY_FOLDER "memory$%*[a-z]/state; done", list,
		   type) != 2)
		return STEP_UNKNOWN;
	o.len = 0;
	o.text[0] = '\0';
	while ((number = strsep(&at, " ")) != NULL) {
		ret = block_write_state(strtoull(number, NULL, 10), type);
		if (ret < 0)
			output_add(&o, "sh: write error: %s\n", strerror((int)-ret));
	}
	if (strstr(command, "; echo rc=$?"))
		output_add(&o, "rc=%d\n", ret < 0);
	output_compare(s, &o);
	return STEP_CHANGES;
}

/* ---- a writer in the background -------------------------------------------------------------------------------- */

/* "(… echo offline > …/memory32/state …) … & …; sleep 1": still at it when the step is over. */
static enum step_effect perform_background(struct oracle_state *s, const char *command)
{
	const char *at = strstr(command, "echo offline > " MEMORY_FOLDER);
	char path[64];
	u32 block;

	if (command[0] != '(' || !at || !strstr(command, "/tmp/wpid") ||
	    sscanf(at, "echo offline > " MEMORY_FOLDER "memory%u/state", &block) != 1)
		return STEP_UNKNOWN;
	snprintf(path, sizeof(path), "memory%u/state", block);
	s->background = guest_write(path, "offline");
	if (!s->background)
		return STEP_UNKNOWN;
	guest_wait(s->background, ENOUGH_MS / 4);
	return STEP_CHANGES;
}

/* "(while :; do for b in 36 37; do echo TYPE > …/memory$b/state; done; done … &": until it is killed. */
static enum step_effect perform_endless_loop(struct oracle_state *s, const char *command)
{
	u64 blocks[GUEST_LOOP_BLOCKS];
	char list[128], type[32], *at = list, *word;
	u32 nr = 0;

	if (sscanf(command,
		   "(while :; do for %*[a-z] in %127[0-9 ]; do echo %31[a-z_] > " MEMORY_FOLDER
		   "memory$%*[a-z]/state; done; done",
		   list, type) != 2)
		return STEP_UNKNOWN;
	while ((word = strsep(&at, " ")) != NULL && nr < GUEST_LOOP_BLOCKS)
		blocks[nr++] = strtoull(word, NULL, 10);
	s->background = guest_endless_loop(blocks, nr, type);
	return s->background ? STEP_CHANGES : STEP_UNKNOWN;
}

/* "timeout 3 sh -c 'echo offline > …'": killed if it has to wait for the other writer. */
static enum step_effect perform_timeout(const char *command)
{
	const char *at = strstr(command, "timeout ");
	char type[32], path[64];
	struct guest_job *job;
	u32 block;

	if (!at ||
	    sscanf(at, "timeout %*u sh -c 'echo %31[a-z_] > " MEMORY_FOLDER "memory%u/state'", type, &block) != 2)
		return STEP_UNKNOWN;
	snprintf(path, sizeof(path), "memory%u/state", block);
	job = guest_write(path, type);
	if (!job)
		return STEP_UNKNOWN;
	if (!guest_wait(job, ENOUGH_MS / 4)) {
		guest_kill(job);
		guest_wait(job, ENOUGH_MS);
	}
	return STEP_CHANGES;
}

/* ---- writers at the same time ---------------------------------------------------------------------------------- */

/* What each of them does, over and over: "echo TYPE > …/memory3$n/state" and perhaps another one. */
struct writers {
	u32 times;
	char first[32], second[32]; /* second: empty if there is none */
	char block[16];             /* "32" or "3$n" */
};

static bool parse_writers(const char *body, struct writers *w)
{
	const char *at = strstr(body, "echo o"), *next;
	char again[16];

	*w = (struct writers){.times = 0};
	if (sscanf(body, "(i=0; while [ $i -lt %u ]; do", &w->times) != 1 || !at ||
	    sscanf(at, "echo %31[a-z_] > " MEMORY_FOLDER "memory%15[0-9$n]/state", w->first, w->block) != 2)
		return false;
	next = strstr(at + 1, "echo on");
	if (next && sscanf(next, "echo %31[a-z_] > " MEMORY_FOLDER "memory%15[0-9$n]/state", w->second, again) != 2)
		w->second[0] = '\0';
	return true;
}

static struct guest_job *start_writer(const struct writers *w, u32 n)
{
	char path[64];

	if (strchr(w->block, '$'))
		snprintf(path, sizeof(path), "memory%.*s%u/state", (int)strcspn(w->block, "$"), w->block, n);
	else
		snprintf(path, sizeof(path), "memory%s/state", w->block);
	return guest_loop(path, w->first, w->second[0] ? w->second : NULL, w->times);
}

/* "for n in 1 2 3; do (i=0; while …) & done; wait …", or one of them beside a reader. */
static enum step_effect perform_writers(const char *command)
{
	struct guest_job *job[GUEST_TASKS];
	struct writers w;
	char list[64] = "1";
	const char *body = strstr(command, "(i=0;");
	u32 nr = 0;

	if (!body || !strstr(command, "wait;"))
		return STEP_UNKNOWN;
	if (body != command && sscanf(command, "for n in %63[0-9 ];", list) != 1)
		return STEP_UNKNOWN;
	/* A reader in the background looks only; what writes comes behind it. */
	if (body == command && strncmp(command, "(i=0; while [ $i -lt 150 ]; do cat ", 35) == 0) {
		char copy[512];

		snprintf(copy, sizeof(copy), "(%s", strstr(command, " & i=0;") + 3);
		if (!parse_writers(copy, &w))
			return STEP_UNKNOWN;
	} else if (!parse_writers(body, &w)) {
		return STEP_UNKNOWN;
	}
	for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (nr == GUEST_TASKS || !(job[nr] = start_writer(&w, (u32)strtoul(at, NULL, 10))))
			return STEP_UNKNOWN;
		nr++;
	}
	for (u32 i = 0; i < nr; i++)
		guest_wait(job[i], LOOP_MS);
	return STEP_CHANGES;
}

/* A signal that ends the writer in the background. */
static enum step_effect perform_kill(struct oracle_state *s, const char *command)
{
	if (strncmp(command, "kill -KILL $(cat /tmp/wpid)", 27) != 0 && strncmp(command, "kill $(cat /tmp/p)", 18) != 0)
		return STEP_UNKNOWN;
	if (!s->background)
		return STEP_UNKNOWN;
	guest_kill(s->background);
	guest_wait(s->background, ENOUGH_MS);
	s->background = NULL;
	return STEP_CHANGES;
}

/* ---- programs that switch memory on and off -------------------------------------------------------------------- */

/* "chmem …; echo rc=$?; …; lsmem …" */
static enum step_effect perform_chmem(struct oracle_state *s, const char *command)
{
	static struct output o;
	char copy[512], *at = copy, *part;
	int status = 0;

	if (strncmp(command, "chmem ", 6) != 0)
		return STEP_UNKNOWN;
	o.len = 0;
	kernel_pages_set(&s->kernel_pages, s->recording->step, 0, GUEST_BLOCKS_MAX - 1);
	snprintf(copy, sizeof(copy), "%s", command);
	while ((part = strsep(&at, ";")) != NULL) {
		part += strspn(part, " ");
		if (strcmp(part, "echo rc=$?") == 0)
			output_add(&o, "rc=%d\n", status);
		else if (!chmem_perform(part, &o, &status) && !look_print(part, &o))
			return STEP_UNKNOWN;
	}
	output_compare(s, &o);
	return STEP_CHANGES;
}

/* "modprobe hwpoison-inject; ls …" */
static enum step_effect perform_modprobe(const char *command)
{
	char name[64];

	if (sscanf(command, "modprobe %63[a-z-]; ls ", name) != 1 || core_load_module(name))
		return STEP_UNKNOWN;
	return STEP_CHANGES;
}

/* ---- what changes nothing here --------------------------------------------------------------------------------- */

/* Patterns of fnmatch(3), of whole commands. */
static const char *const harmless[] = {
	"for n in 0 1 2; do echo *",
	"cat *",
	"ls *",
	"grep *",
	"free -m",
	"dmesg *",
	"awk *",
	"lsmem*",
	"cd /sys/module/memory_hotplug/parameters; for f in *; do echo *",
	"for b in /sys/devices/system/memory/memory*; do echo *",
	/* Empties caches of the slab allocator: the machine has none. */
	"for s in /sys/kernel/slab/*/shrink; do echo 1 > *",
	/* There is no such user in the guest, and modes of files do not matter to root. */
	"su nobody *",
	/* The file to write errors to is always there. */
	"modprobe memory-notifier-error-inject; *",
	"rmmod memory-notifier-error-inject *",
	/* A reader that waits until another's offlining is over. */
	"dd if=*",
	"for p in $(cat /tmp/wpid) $(pidof dd); do echo *",
	/* A signal that the writer's shell handles restarts its write. */
	"kill -TERM $(cat /tmp/wpid); *",
	/* The device is there from the beginning, and its driver leaves memory that is in use. */
	"modprobe virtio_pci; modprobe virtio_mem; *",
	"rmmod virtio_mem; *",
	/* There is no file in any cache. */
	"echo 3 > /proc/sys/vm/drop_caches; ls *",
};

static bool is_harmless(const char *command)
{
	for (u32 i = 0; i < ARRAY_SIZE(harmless); i++)
		if (fnmatch(harmless[i], command, 0) == 0)
			return true;
	return false;
}

static const char *without_options(const char *command)
{
	u32 seconds;
	int used = 0;

	while (*command == ' ')
		command++;
	if (sscanf(command, "-t %u%n", &seconds, &used) == 1)
		command += used;
	while (*command == ' ')
		command++;
	return command;
}

enum step_effect shell_perform(struct oracle_state *s, const char *command)
{
	enum step_effect effect;

	command = without_options(command);
	effect = perform_background(s, command);
	if (effect == STEP_UNKNOWN)
		effect = perform_endless_loop(s, command);
	if (effect == STEP_UNKNOWN)
		effect = perform_timeout(command);
	if (effect == STEP_UNKNOWN)
		effect = perform_kill(s, command);
	if (effect == STEP_UNKNOWN)
		effect = perform_writers(command);
	if (effect == STEP_UNKNOWN)
		effect = perform_loop(s, command);
	if (effect == STEP_UNKNOWN)
		effect = perform_modprobe(command);
	if (effect == STEP_UNKNOWN)
		effect = perform_chmem(s, command);
	if (effect == STEP_UNKNOWN)
		effect = selftest_perform(s, command);
	if (effect == STEP_UNKNOWN)
		effect = nvdimm_perform(s, command);
	if (effect == STEP_UNKNOWN)
		effect = look_perform(s, command);
	if (effect == STEP_UNKNOWN && is_harmless(command))
		effect = STEP_LOOKS;
	return effect;
}

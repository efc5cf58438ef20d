/* SPDX-License-Identifier: MIT */
/*
 * Files of memory blocks and what else sysfs and procfs have of memory: text in, text out, against what the files
 * themselves say. A line "memory4/state=offline" writes, a line "memory4/state" reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"

#define TEXT_MAX 4096
#define LINES_MAX 64
#define STEPS 1000000

/* What a run is about: its lines, and what was wrong. */
static struct {
	const u8 *data;
	size_t size;
	char wrong[512];
} input;

struct access {
	char path[128], text[TEXT_MAX], now[TEXT_MAX];
	s64 ret;
};

#define REQUIRE(access, condition, what)                                                                               \
	do {                                                                                                           \
		if (!(condition) && !input.wrong[0])                                                                   \
			snprintf(input.wrong, sizeof(input.wrong), "%s: %s (returned %lld; the file says '%.64s')",    \
				 (access)->path, what, (long long)(access)->ret, (access)->now);                       \
	} while (0)

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_text(const char *text, s64 len)
{
	for (s64 i = 0; i < len; i++)
		if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] > '~')
			return false;
	return len > 0 && text[len] == 0 && text[len - 1] == '\n';
}

/* A list of zones with memory, when there is none: every block is offline. */
static bool may_be_empty(const char *path)
{
	char nodes[64] = "";

	if (!ends_with(path, "/buddyinfo") && !ends_with(path, "/pagetypeinfo"))
		return false;
	core_file_read("/sys/devices/system/node/has_memory", nodes, sizeof(nodes));
	return strcmp(nodes, "\n") == 0;
}

static void read_file(struct access *a)
{
	int open = core_file_open(a->path, false);

	a->now[0] = 0;
	a->ret = core_file_read(a->path, a->now, sizeof(a->now));
	REQUIRE(a, open >= 0 || a->ret == open, "what cannot be opened was read");
	REQUIRE(a, a->ret < 0 || a->ret < (s64)sizeof(a->now), "more was read than there is room");
	REQUIRE(a, a->ret < 0 || is_text(a->now, a->ret) || (a->ret == 0 && may_be_empty(a->path)),
		"what was read is no line of text");
}

/* A block that is asked for what it is already: `state` refuses, `online` does not mind. */
static void check_state(struct access *a, const char *before)
{
	bool on = strcmp(before, "online\n") == 0, off = strcmp(before, "offline\n") == 0;
	bool wants_on = strncmp(a->text, "online", 6) == 0, wants_off = strcmp(a->text, "offline\n") == 0;

	if (!ends_with(a->path, "/state") || a->ret == -ENOENT || a->ret == -ENODEV)
		return;
	REQUIRE(a, !((on && wants_on) || (off && wants_off)) || a->ret < 0, "a block may be asked for what it is");
	if (a->ret < 0)
		return;
	core_file_read(a->path, a->now, sizeof(a->now));
	REQUIRE(a, !wants_on || strcmp(a->now, "online\n") == 0, "a block is not online that was onlined");
	REQUIRE(a, !wants_off || strcmp(a->now, "offline\n") == 0, "a block is not offline that was taken offline");
}

static void write_file(struct access *a)
{
	size_t len = strlen(a->text);
	int open = core_file_open(a->path, true);
	u64 hash = core_state_hash();
	static char before[TEXT_MAX];

	before[0] = a->now[0] = 0;
	if (ends_with(a->path, "/state"))
		core_file_read(a->path, before, sizeof(before));
	a->ret = core_file_write(a->path, a->text, len);
	REQUIRE(a, open >= 0 || a->ret == open, "what cannot be opened was written");
	REQUIRE(a, a->ret < 0 || a->ret == (s64)len, "a part was written");
	REQUIRE(a, (a->ret != -EINVAL && a->ret != -ENOENT && a->ret != -EACCES) || core_state_hash() == hash,
		"what was refused changed something");
	check_state(a, before);
}

static void run_line(const char *line, size_t len)
{
	static struct access a;
	const char *equals = memchr(line, '=', len);
	size_t path = equals ? (size_t)(equals - line) : len;

	if (path == 0 || path >= sizeof(a.path) || memchr(line, 0, len))
		return;
	memcpy(a.path, line, path);
	a.path[path] = 0;
	if (!equals) {
		read_file(&a);
		return;
	}
	snprintf(a.text, sizeof(a.text), "%.*s\n", (int)(len - path - 1), equals + 1);
	write_file(&a);
}

static void run_lines(void *arg)
{
	const char *at = (const char *)input.data, *end = at + input.size;

	(void)arg;
	for (u32 i = 0; at < end && i < LINES_MAX && !input.wrong[0]; i++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);

		run_line(at, len);
		at += len + 1;
	}
}

static void boot(void)
{
	struct machine_config machine = *scenario_machine(1);
	const struct rt_config config = {.cpus = machine.cpus, .step_limit = STEPS, .race_detector = true};

	machine.sw = *engine_switches();
	core_boot(&machine, &config, NULL, NULL);
	engine_forget_coverage();
}

static void run(const u8 *data, size_t size)
{
	static struct rt_result result;
	static bool booted;

	if (!booted)
		boot();
	booted = true;
	input.data = data;
	input.size = size;
	input.wrong[0] = 0;
	rt_set_strategy(NULL);
	rt_task_create("file", 0, run_lines, NULL);
	rt_run(&result);
	rt_reset();
	if (result.verdict.kind != VERDICT_ok && !engine_tolerates(&result.verdict))
		fprintf(stderr, "\nverdict:   %s\nsignature: %s\ndetail:    %s\n", verdict_name(result.verdict.kind),
			result.verdict.signature, result.verdict.detail);
	else if (input.wrong[0])
		fprintf(stderr, "\nverdict:   file\ndetail:    %s\n", input.wrong);
	else
		return;
	abort();
}

const struct fuzz_target fuzz_target = {
	.name = "blocks",
	.help = "reads and writes files of sysfs and procfs: lines PATH or PATH=TEXT",
	.run = run,
};

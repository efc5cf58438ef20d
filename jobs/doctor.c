/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/rt/mem.h"
#include "crashes/file.h"
#include "crashes/process.h"
#include "jobs/engine_place.h"

/* Of one engine: fuzz_race, the largest, had 450 MiB after half an hour. */
#define ENGINE_MEMORY (600UL << 20)
#define DISK_BAD (100UL << 20)
#define DISK_WARN (2UL << 30)
/* Sanitizers before clang 18 have shadows at fixed addresses, which more random bits than this may hit. */
#define RANDOM_BITS_MAX 28

struct examination {
	const struct doctor_options *options;
	struct doctor_report *report;
};

const char *doctor_level_name(enum doctor_level level)
{
	static const char *const names[] = {"ok", "warn", "bad"};

	return names[level];
}

/* The line that is being written; say_found() and say_advice() fill it. */
static struct doctor_line *add(struct examination *e, const char *what)
{
	static struct doctor_line spare;
	struct doctor_line *line = e->report->nr < DOCTOR_LINES ? &e->report->line[e->report->nr++] : &spare;

	*line = (struct doctor_line){.what = what};
	return line;
}

static void __attribute__((format(printf, 2, 3))) found(struct doctor_line *line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(line->found, sizeof(line->found), fmt, args);
	va_end(args);
}

static void __attribute__((format(printf, 3, 4)))
advise(struct doctor_line *line, enum doctor_level level, const char *fmt, ...)
{
	va_list args;

	line->level = max(line->level, level);
	va_start(args, fmt);
	vsnprintf(line->advice, sizeof(line->advice), fmt, args);
	va_end(args);
}

/* First line of a file of the machine; false with "cannot be read" as what was found. */
static bool read_line(struct examination *e, struct doctor_line *line, const char *path, char *buf, size_t size)
{
	char full[PATH_MAX];
	char *text;

	snprintf(full, sizeof(full), "%s%s", e->options->root, path);
	text = file_read(full, NULL);
	if (!text) {
		if (line) {
			line->level = DOCTOR_WARN;
			found(line, "%s: %s", path, strerror(errno));
		}
		return false;
	}
	process_first_line(text, buf, size);
	free(text);
	return true;
}

static bool read_number(struct examination *e, struct doctor_line *line, const char *path, u64 *n)
{
	char text[64];

	if (!read_line(e, line, path, text, sizeof(text)))
		return false;
	*n = strtoull(text, NULL, 10);
	return true;
}

/* ---- the kernel ------------------------------------------------------------------------------------------------ */

static void look_at_core_pattern(struct examination *e)
{
	struct doctor_line *line = add(e, "core pattern");
	char text[160];

	if (!read_line(e, line, "/proc/sys/kernel/core_pattern", text, sizeof(text)))
		return;
	found(line, "%s", text);
	if (text[0] == '|')
		advise(line, DOCTOR_WARN,
		       "each crash starts a program, and its engine waits for it: as root, "
		       "echo core >/proc/sys/kernel/core_pattern");
}

static void look_at_random_addresses(struct examination *e)
{
	struct doctor_line *line = add(e, "address bits");
	u64 bits, space = 2;

	if (!read_number(e, line, "/proc/sys/vm/mmap_rnd_bits", &bits))
		return;
	read_number(e, NULL, "/proc/sys/kernel/randomize_va_space", &space);
	found(line, "vm.mmap_rnd_bits=%" PRIu64 "%s", bits, space ? "" : ", not random");
	if (bits > RANDOM_BITS_MAX && space)
		advise(line, DOCTOR_WARN,
		       "sanitizers before clang 18 fail to start now and then: as root, sysctl vm.mmap_rnd_bits=%d",
		       RANDOM_BITS_MAX);
}

/* The arena lies at a fixed address; what the loader put there by chance is not there in the next process. */
static void look_at_arena(struct examination *e)
{
	struct doctor_line *line = add(e, "arena");
	u64 overcommit = 0, begin = RT_HEAP_BASE, end = RT_HEAP_BASE + RT_ARENA_SIZE;
	struct rlimit space;

	found(line, "0x%" PRIx64 "-0x%" PRIx64 " may be reserved", begin, end);
	if (read_number(e, NULL, "/proc/sys/vm/overcommit_memory", &overcommit) && overcommit == 2) {
		found(line, "vm.overcommit_memory=2");
		advise(line, DOCTOR_BAD,
		       "the arena reserves hundreds of GiB that it never touches: as root, "
		       "sysctl vm.overcommit_memory=0");
	}
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
		found(line, "ulimit -v %" PRIu64, (u64)space.rlim_cur >> 10);
		advise(line, DOCTOR_BAD,
		       "the arena reserves hundreds of GiB that it never touches: ulimit -v unlimited");
	}
}

static void look_at_memory(struct examination *e, u32 cpus)
{
	struct doctor_line *line = add(e, "memory");
	char path[PATH_MAX];
	const char *at;
	char *text;
	u64 available;

	snprintf(path, sizeof(path), "%s/proc/meminfo", e->options->root);
	text = file_read(path, NULL);
	at = text ? strstr(text, "MemAvailable:") : NULL;
	if (!at) {
		found(line, "/proc/meminfo: no MemAvailable");
		advise(line, DOCTOR_WARN, "an engine needs %lu MiB", ENGINE_MEMORY >> 20);
		free(text);
		return;
	}
	available = strtoull(at + strlen("MemAvailable:"), NULL, 10) << 10;
	free(text);
	found(line, "%" PRIu64 " MiB available, %u CPUs", available >> 20, cpus);
	if (available < ENGINE_MEMORY)
		advise(line, DOCTOR_BAD, "an engine needs %lu MiB", ENGINE_MEMORY >> 20);
	else if (available / ENGINE_MEMORY < cpus)
		advise(line, DOCTOR_WARN, "enough for --jobs %" PRIu64 ", an engine needs %lu MiB",
		       available / ENGINE_MEMORY, ENGINE_MEMORY >> 20);
}

static void look_at_governor(struct examination *e)
{
	struct doctor_line *line = add(e, "CPU governor");
	char text[64];

	if (!read_line(e, NULL, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text, sizeof(text))) {
		found(line, "none: the frequency is not ours to choose");
		return;
	}
	found(line, "%s", text);
	if (strcmp(text, "performance") != 0 && strcmp(text, "schedutil") != 0)
		advise(line, DOCTOR_WARN,
		       "engines run slower than they could: as root, "
		       "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
}

/* ---- limits and disks ------------------------------------------------------------------------------------------ */

static void look_at_limits(struct examination *e)
{
	struct doctor_line *line = add(e, "limits");
	struct rlimit files, size;

	if (getrlimit(RLIMIT_NOFILE, &files) || getrlimit(RLIMIT_FSIZE, &size)) {
		found(line, "%s", strerror(errno));
		return;
	}
	found(line, "%" PRIu64 " files, %s", (u64)files.rlim_cur,
	      size.rlim_cur == RLIM_INFINITY ? "of any size" : "of limited size");
	if (files.rlim_cur < 256)
		advise(line, DOCTOR_WARN, "libFuzzer needs more files when it merges: ulimit -n 1024");
	if (size.rlim_cur != RLIM_INFINITY)
		advise(line, DOCTOR_WARN, "a log may grow beyond it, and its engine would end: ulimit -f unlimited");
}

static void look_at_disk(struct examination *e, const char *what, const char *path, u64 bad, u64 warn)
{
	struct doctor_line *line = add(e, what);
	struct statvfs st;
	u64 room;

	if (statvfs(path, &st) || access(path, W_OK)) {
		found(line, "%.128s: %s", path, strerror(errno));
		advise(line, DOCTOR_BAD, "engines write there: make it writable");
		return;
	}
	room = (u64)st.f_bavail * st.f_frsize;
	found(line, "%.128s: %" PRIu64 " MiB free", path, room >> 20);
	if (room < bad)
		advise(line, DOCTOR_BAD, "less than %" PRIu64 " MiB: make room, or findings will not fit", bad >> 20);
	else if (room < warn)
		advise(line, DOCTOR_WARN, "less than %" PRIu64 " MiB: a long campaign may fill it", warn >> 20);
}

static void look_at_disks(struct examination *e)
{
	char path[PATH_MAX];

	look_at_disk(e, "disk", e->options->dir, DISK_BAD, DISK_WARN);
	snprintf(path, sizeof(path), "%s/dev/shm", e->options->root);
	look_at_disk(e, "shared memory", path, 16UL << 20, 64UL << 20);
}

/* ---- engines ---------------------------------------------------------------------------------------------------- */

static bool look_at_engine(struct examination *e, enum engine_kind kind, const char *what)
{
	struct doctor_line *line = add(e, what);
	char path[PATH_MAX], message[PATH_MAX + 256], compiler[64] = "a compiler that does not say its version";

	if (!engine_place(kind, "race", e->options->engines, path, message, sizeof(message))) {
		found(line, "none");
		advise(line, DOCTOR_WARN, "%.250s", message);
		return false;
	}
	engine_compiler(path, compiler, sizeof(compiler));
	found(line, "%.120s, %s", path, compiler);
	return true;
}

static bool look_at_afl_fuzz(struct examination *e)
{
	struct doctor_line *line = add(e, "afl-fuzz");
	char path[PATH_MAX], version[64] = "version unknown";
	const char *argv[] = {path, "-h", NULL}, *at;
	struct process p = {.argv = argv};

	if (!engine_in_path("afl-fuzz", e->options->path, path)) {
		found(line, "none");
		advise(line, DOCTOR_WARN, "there is no --engine afl without it: ./dev setup, or apt-get install afl++");
		return false;
	}
	process_guard();
	if (process_run(&p) == 0) {
		at = strstr(p.out, "afl-fuzz++");
		at = at ? at : strstr(p.err, "afl-fuzz++");
		if (at)
			snprintf(version, sizeof(version), "%.*s", (int)strspn(at, "afl-uz+0123456789.c"), at);
		process_free(&p);
	}
	process_unguard();
	found(line, "%.120s, %s", path, version);
	return true;
}

static void look_at_engines(struct examination *e)
{
	bool libfuzzer = look_at_engine(e, ENGINE_LIBFUZZER, "libFuzzer engines");
	bool afl = look_at_engine(e, ENGINE_AFL, "AFL++ engines");
	bool runs = look_at_afl_fuzz(e);
	struct doctor_line *line;

	if (libfuzzer || (afl && runs))
		return;
	line = add(e, "engines");
	found(line, "none that could run");
	advise(line, DOCTOR_BAD, "build one with './dev build fuzz', or say where they are with --engines DIR");
}

enum doctor_level doctor_look(const struct doctor_options *options, struct doctor_report *report)
{
	struct examination e = {options, report};
	enum doctor_level worst = DOCTOR_OK;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	report->nr = 0;
	look_at_core_pattern(&e);
	look_at_random_addresses(&e);
	look_at_arena(&e);
	look_at_memory(&e, cpus > 0 ? (u32)cpus : 1);
	look_at_governor(&e);
	look_at_limits(&e);
	look_at_disks(&e);
	look_at_engines(&e);
	for (u32 i = 0; i < report->nr; i++)
		worst = max(worst, report->line[i].level);
	return worst;
}

char *doctor_json(const struct doctor_report *report)
{
	struct json_object *lines = json_object_new_array();
	char *text;

	for (u32 i = 0; i < report->nr; i++) {
		const struct doctor_line *line = &report->line[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "what", json_object_new_string(line->what));
		json_object_object_add(o, "level", json_object_new_string(doctor_level_name(line->level)));
		json_object_object_add(o, "found", json_object_new_string(line->found));
		if (line->advice[0])
			json_object_object_add(o, "advice", json_object_new_string(line->advice));
		json_object_array_add(lines, o);
	}
	text = strdup(json_object_to_json_string_ext(lines, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(lines);
	return text;
}

/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/look.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"
#include "oracle/lsmem.h"
#include "oracle/texts.h"

#define MEMORY_FOLDER "/sys/devices/system/memory/"

/* ---- files ----------------------------------------------------------------------------------------------------- */

static bool add_file(const char *path, struct output *o)
{
	size_t room = sizeof(o->text) - o->len;

	if (core_file_read(path, o->text + o->len, room) < 0)
		return false;
	o->len += strlen(o->text + o->len);
	return true;
}

/* "…/node*" and "*huge*": folders of nodes, and files of the pool of huge pages, in the order of a shell. */
static bool add_matching(const char *pattern, struct output *o)
{
	static const char *const huge[] = {"free_hugepages", "nr_hugepages", "surplus_hugepages"};
	const char *node = strstr(pattern, "node*/"), *last = strrchr(pattern, '/') + 1;
	char path[256];
	bool found = false;

	if (!node || (strchr(last, '*') && strcmp(last, "*huge*") != 0))
		return false;
	for (u32 nid = 0; nid < CORE_NODES_MAX; nid++)
		for (u32 i = 0; i < (strchr(last, '*') ? ARRAY_SIZE(huge) : 1); i++) {
			snprintf(path, sizeof(path), "%.*snode%u%.*s%s", (int)(node - pattern), pattern, nid,
				 (int)(last - node - 5), node + 5, strchr(last, '*') ? huge[i] : last);
			found = add_file(path, o) || found;
		}
	return found;
}

static bool cat(const char *paths, struct output *o)
{
	char copy[512], *at = copy, *path;

	snprintf(copy, sizeof(copy), "%s", paths);
	while ((path = strsep(&at, " ")) != NULL)
		if (*path && !(strchr(path, '*') ? add_matching(path, o) : add_file(path, o)))
			return false;
	return true;
}

/* Lines of a file that have the word. */
static bool print_lines_with(const char *word, const char *path, struct output *o)
{
	static struct output whole;
	char *at = whole.text, *line;

	whole.len = 0;
	if (!add_file(path, &whole))
		return false;
	while ((line = strsep(&at, "\n")) != NULL)
		if (strcasestr(line, word))
			output_add(o, "%s\n", line);
	return true;
}

/* ---- commands -------------------------------------------------------------------------------------------------- */

static bool print_command(const char *command, struct output *o)
{
	char word[64], path[256];

	if (strpbrk(command, "$><&"))
		return false;
	if (sscanf(command, "awk '/%63[A-Za-z]/' %255s", word, path) == 2 ||
	    sscanf(command, "grep -i %63[A-Za-z] %255s", word, path) == 2)
		return print_lines_with(word, path, o);
	if (strncmp(command, "cat ", 4) == 0)
		return cat(command + 4, o);
	return lsmem_perform(command, o);
}

/* The first or last @count lines of what is behind @from. */
static void cut_lines(struct output *o, size_t from, const char *which, u32 count)
{
	char *text = o->text + from, *end = text;
	u32 lines = 0, skip;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	skip = strcmp(which, "tail") == 0 && lines > count ? lines - count : 0;
	while (skip--)
		text = strchr(text, '\n') + 1;
	memmove(o->text + from, text, strlen(text) + 1);
	for (end = o->text + from; count && *end; end++)
		count -= *end == '\n';
	*end = '\0';
	o->len = strlen(o->text);
}

bool look_print(const char *command, struct output *o)
{
	char copy[512], which[8], *pipe;
	size_t from = o->len;
	u32 count;

	snprintf(copy, sizeof(copy), "%s", command + strspn(command, " "));
	pipe = strstr(copy, " | ");
	if (pipe) {
		*pipe = '\0';
		if (sscanf(pipe + 3, "%7[a-z] -%u", which, &count) != 2 ||
		    (strcmp(which, "head") != 0 && strcmp(which, "tail") != 0))
			return false;
	}
	if (!print_command(copy, o))
		return false;
	if (pipe)
		cut_lines(o, from, which, count);
	return true;
}

/* ---- loops over blocks ----------------------------------------------------------------------------------------- */

/* "$(basename $b) $(cat $b/state)" of a block. */
static bool expand(const char *template, u64 id, struct output *o)
{
	char file[32], text[64];
	int used;

	while (*template && *template != '"') {
		used = 0;
		if (strncmp(template, "$(basename $b)", 14) == 0) {
			output_add(o, "memory%" PRIu64, id);
			used = 14;
		} else if (sscanf(template, "$(cat $b/%31[a-z_])%n", file, &used) == 1 && used) {
			block_read(id, file, text, sizeof(text));
			output_add(o, "%s", text);
		} else if (*template == '$') {
			return false;
		} else {
			output_add(o, "%c", *template);
			used = 1;
		}
		template += used;
	}
	output_add(o, "\n");
	return strcmp(template, "\"; done") == 0;
}

/* "for b in /sys/devices/system/memory/memory*; do echo "…"; done" */
static bool print_loop(const char *command, struct output *o)
{
	u64 ids[GUEST_BLOCKS_MAX];
	u32 nr = blocks_listed(ids, true);
	char pattern[128], path[128];
	int used = 0;

	if (sscanf(command, "for b in %127[^;]; do echo \"%n", pattern, &used) != 1 || !used)
		return false;
	for (u32 i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), MEMORY_FOLDER "memory%" PRIu64, ids[i]);
		if (fnmatch(pattern, path, 0) == 0 && !expand(command + used, ids[i], o))
			return false;
	}
	return true;
}

/* ---- modes ----------------------------------------------------------------------------------------------------- */

/* "-rw-r--r--  1 0 0 4096 … state" in a listing of @folder: who may do what is the same for root. */
static void compare_mode(struct comparison *c, const char *folder, const char *line)
{
	const char *name = strrchr(line, ' ');
	char path[256], field[64], kernel[3] = {line[1], line[2], '\0'}, model[3] = "--";

	if (line[0] != '-' || !name)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, name + 1);
	if (core_file_open(path, false) == -ENOENT)
		return;
	model[0] = core_file_open(path, false) ? '-' : 'r';
	model[1] = core_file_open(path, true) ? '-' : 'w';
	snprintf(field, sizeof(field), "mode.%s", name + 1);
	compare_text(c, field, kernel, model);
}

/* "ls -la FOLDER…": of the files that the machine has. */
static enum step_effect compare_listing(struct oracle_state *s)
{
	static char text[TEXTS_MAX];
	char *at = text, *line, folder[128] = "";

	snprintf(text, sizeof(text), "%s", json_text(json_at(s->recording->step, "result", NULL), "output", ""));
	while ((line = strsep(&at, "\n")) != NULL) {
		if (line[0] == '/')
			snprintf(folder, sizeof(folder), "%.*s", (int)strcspn(line, ":"), line);
		while (folder[0] && folder[strlen(folder) - 1] == '/')
			folder[strlen(folder) - 1] = '\0';
		compare_mode(s->comparison, folder, line);
	}
	return STEP_LOOKS;
}

/* ---- a command line -------------------------------------------------------------------------------------------- */

enum step_effect look_perform(struct oracle_state *s, const char *command)
{
	static struct output o;
	static char kernel[TEXTS_MAX];
	char copy[512], *at = copy, *part;

	if (strncmp(command, "ls -la /sys/", 12) == 0)
		return compare_listing(s);
	o.len = 0;
	o.text[0] = '\0';
	if (print_loop(command, &o)) {
		output_compare(s, &o);
		return STEP_LOOKS;
	}
	o.len = 0;
	o.text[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", command);
	while ((part = strsep(&at, ";")) != NULL)
		if (!look_print(part, &o))
			return STEP_UNKNOWN;
	if (!strstr(command, "/proc/meminfo") && !strstr(command, "/meminfo ")) {
		output_compare(s, &o);
		return STEP_LOOKS;
	}
	snprintf(kernel, sizeof(kernel), "%s", json_text(json_at(s->recording->step, "result", NULL), "output", ""));
	texts_compare(s->comparison, "/proc/meminfo", kernel, o.text, strstr(command, "head") != NULL);
	return STEP_LOOKS;
}

/* SPDX-License-Identifier: MIT */
#include "crashes/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "crashes/verdict_json.h"
#include "fuzz/token.h"

#define SLUG_MAX 64

void folder_slug(const char *text, char *buf, size_t size)
{
	size_t len = 0;

	for (; *text && len + 1 < size; text++) {
		if (isalnum((unsigned char)*text))
			buf[len++] = (char)tolower((unsigned char)*text);
		else if (len && buf[len - 1] != '-')
			buf[len++] = '-';
	}
	while (len && buf[len - 1] == '-')
		len--;
	buf[len] = '\0';
}

static int fail(int err, char *message, size_t size, const char *what)
{
	snprintf(message, size, "%s: %s", what, strerror(-err));
	return err;
}

static char *format_verdict(const struct crash *c)
{
	char *text = NULL, seen[UTC_LEN], rate[64] = "";

	utc_print(c->seen ? c->seen : utc_now(), seen);
	if (c->runs)
		snprintf(rate, sizeof(rate), ", %" PRIu64 " of %" PRIu64 " runs", c->hits, c->runs);
	if (asprintf(&text,
		     "verdict    %s\n"
		     "signature  %s\n"
		     "found by   %s\n"
		     "steps      %" PRIu64 "\n"
		     "hash       %016" PRIx64 "\n"
		     "replay     %s\n"
		     "seen       %s%s\n"
		     "%s%s%s"
		     "%s%s%s"
		     "\n%s\n",
		     verdict_name(c->verdict->kind), c->verdict->signature, c->found_by ? c->found_by : "-", c->steps,
		     c->hash, c->exact ? "exact" : "inputs only (real threads)", seen, rate,
		     c->cause ? "cause      " : "", c->cause ? c->cause : "", c->cause ? "\n" : "",
		     c->where ? "where      " : "", c->where ? c->where : "", c->where ? "\n" : "",
		     c->verdict->detail) < 0)
		return NULL;
	return text;
}

static char *format_readme(const struct crash *c, const char *path)
{
	char *text = NULL;

	int length;

	if (c->exact)
		length = asprintf(&text,
				  "%s: %s\n\nreplay   pfnstorm replay %s\nexplain  pfnstorm explain %s\n"
				  "smaller  pfnstorm minimize %s -o FILE\n",
				  verdict_name(c->verdict->kind), c->verdict->signature, path, path, path);
	else
		length = asprintf(&text,
				  "%s: %s\n\nReal threads cannot be replayed. For a schedule that can:\n\n"
				  "lift     pfnstorm lift %s\n",
				  verdict_name(c->verdict->kind), c->verdict->signature, path);
	if (length < 0)
		return NULL;
	return text;
}

/* ---- parts ----------------------------------------------------------------------------------------------------- */

static char *copy_of(const char *text)
{
	return text ? strdup(text) : NULL;
}

static char *format_token(const char *token)
{
	char *text = NULL;

	return asprintf(&text, "%s\n", token) < 0 ? NULL : text;
}

static char *format_scenario(const struct scenario *s)
{
	char *text = malloc(SCENARIO_TEXT_MAX);

	if (text)
		scenario_print(s, text, SCENARIO_TEXT_MAX);
	return text;
}

enum part { DIAGRAM, TRACE, LOG, RECENT, EARLIER, README, VERDICT_JSON, VERDICT, TOKEN, SCENARIO, NR_PARTS };

static const char *const part_names[NR_PARTS] = {
	"diagram.txt", "trace.txt",    "log.txt",     "recent.pfn", "earlier.pfn",
	"README",      "verdict.json", "verdict.txt", "token",      "scenario.pfn",
};

/* The caller frees it. NULL: memory is short, or @absent, which is left alone otherwise. */
static char *format_part(enum part part, const struct crash *c, const char *token, const char *final, bool *absent)
{
	const char *const optional[] = {[DIAGRAM] = c->diagram, [TRACE] = c->trace, [LOG] = c->log};

	switch (part) {
	case DIAGRAM:
	case TRACE:
	case LOG:
		*absent |= !optional[part];
		return copy_of(optional[part]);
	case RECENT:
		*absent |= !c->recent;
		return c->recent ? format_scenario(c->recent) : NULL;
	case EARLIER:
		*absent |= !c->earlier;
		return c->earlier ? format_scenario(c->earlier) : NULL;
	case README:
		return format_readme(c, final);
	case VERDICT_JSON:
		*absent |= !verdict_json_supported();
		return verdict_json_supported() ? verdict_json(c, token) : NULL;
	case VERDICT:
		return format_verdict(c);
	case TOKEN:
		return format_token(token);
	default:
		return format_scenario(c->scenario);
	}
}

static int write_parts(const char *dir, const struct crash *c, const char *token, const char *final)
{
	int ret = 0;

	for (u32 part = 0; part < NR_PARTS && !ret; part++) {
		bool absent = false;
		char *text = format_part((enum part)part, c, token, final, &absent);

		if (!absent)
			ret = text ? file_write_synced(dir, part_names[part], text) : -ENOMEM;
		free(text);
	}
	return ret ? ret : file_sync_dir(dir);
}

int folder_write(const char *dir, const struct crash *crash, char *path, size_t path_size, bool *known, char *message,
		 size_t message_size)
{
	char aside[PATH_MAX], slug[SLUG_MAX];
	char *token = malloc(TOKEN_MAX);
	struct stat st;
	ssize_t len;
	int ret;

	*known = false;
	if (!token)
		return fail(-ENOMEM, message, message_size, dir);
	len = token_encode(crash->scenario, token, TOKEN_MAX);
	ret = len < 0 ? (int)len : file_make_dirs(dir);
	if (ret) {
		free(token);
		return fail(ret, message, message_size, dir);
	}
	folder_slug(crash->verdict->signature, slug, sizeof(slug));
	if ((size_t)snprintf(path, path_size, "%s/%s-%s", dir, slug, token + len - 8) >= path_size ||
	    (size_t)snprintf(aside, sizeof(aside), "%s/.new-XXXXXX", dir) >= sizeof(aside))
		ret = -ENAMETOOLONG;
	else if (stat(path, &st) == 0)
		*known = true;
	else if (!mkdtemp(aside) || chmod(aside, 0777 & ~022))
		ret = -errno;
	if (!ret && !*known) {
		ret = write_parts(aside, crash, token, path);
		if (!ret && rename(aside, path))
			ret = -errno;
		/* Somebody else found the same meanwhile. */
		if (ret == -EEXIST || ret == -ENOTEMPTY) {
			*known = true;
			ret = 0;
		}
		file_remove_dir(aside);
		if (!ret)
			ret = file_sync_dir(dir);
	}
	free(token);
	return ret ? fail(ret, message, message_size, dir) : 0;
}

/* ---- what is there already ------------------------------------------------------------------------------------- */

static size_t put_schedule(char *buf, size_t size, const struct scenario *s)
{
	struct schedule_names names = scenario_task_names(s);
	struct text_out out = {buf, size, 0};
	char entry[256];

	for (u32 i = 0; i < s->schedule.count; i++) {
		schedule_print_entry(&s->schedule, i, &names, entry, sizeof(entry));
		text_put(&out, "schedule %s\n", entry);
	}
	return out.len;
}

static bool is_schedule(const char *line)
{
	line += strspn(line, " \t");
	return strncmp(line, "schedule", 8) == 0 && (line[8] == ' ' || line[8] == '\t');
}

/* The new lines go where the first old one was, or to the end. @changed has room for both. */
static void replace_schedule(const char *text, char *changed, size_t room, const struct scenario *s)
{
	size_t used = 0;
	bool put = false;

	for (const char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (!is_schedule(line)) {
			memcpy(changed + used, line, (size_t)(next - line));
			used += (size_t)(next - line);
		} else if (!put) {
			used += put_schedule(changed + used, room - used, s);
			put = true;
		}
	}
	if (used && changed[used - 1] != '\n')
		changed[used++] = '\n';
	if (!put)
		used += put_schedule(changed + used, room - used, s);
	changed[used] = '\0';
}

int folder_update_scenario(const char *path, const struct scenario *s)
{
	size_t size;
	char *text = file_read(path, &size), *changed;
	int ret;

	if (!text)
		return -errno;
	size += SCENARIO_TEXT_MAX;
	changed = malloc(size);
	ret = changed ? 0 : -ENOMEM;
	if (!ret && token_is(text)) {
		ssize_t len = token_encode(s, changed, size - 1);

		if (len < 0)
			ret = (int)len;
		else
			memcpy(changed + len, "\n", 2);
	} else if (!ret) {
		replace_schedule(text, changed, size, s);
	}
	if (!ret)
		ret = file_replace(path, changed);
	free(text);
	free(changed);
	return ret;
}

int folder_update(const char *folder, const struct crash *crash, char *message, size_t size)
{
	char *token = malloc(TOKEN_MAX), path[PATH_MAX];
	struct stat st;
	int ret = token ? 0 : -ENOMEM;

	if (!ret && token_encode(crash->scenario, token, TOKEN_MAX) < 0)
		ret = -EIO;
	for (u32 part = 0; part < NR_PARTS && !ret; part++) {
		bool absent = false;
		char *text;

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, part_names[part]) >= sizeof(path))
			ret = -ENAMETOOLONG;
		if (ret || stat(path, &st))
			continue;
		if (part == SCENARIO) {
			ret = folder_update_scenario(path, crash->scenario);
			continue;
		}
		text = format_part((enum part)part, crash, token, folder, &absent);
		if (!absent)
			ret = text ? file_replace(path, text) : -ENOMEM;
		free(text);
	}
	free(token);
	return ret ? fail(ret, message, size, folder) : 0;
}

/* "name   value" → value, or NULL if the line does not begin with @name. */
static const char *line_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0 || line[len] != ' ')
		return NULL;
	return line + len + strspn(line + len, " ");
}

/* The first lines, in this order, are in all folders. */
static void take_line(struct folder_verdict *v, u32 i, const char *value)
{
	if (i == 0)
		snprintf(v->kind, sizeof(v->kind), "%s", value);
	else if (i == 1)
		snprintf(v->signature, sizeof(v->signature), "%s", value);
	else if (i == 2)
		snprintf(v->found_by, sizeof(v->found_by), "%s", value);
	else if (i == 3)
		v->steps = strtoull(value, NULL, 10);
	else
		v->hash = strtoull(value, NULL, 16);
}

/* What follows is there or not. */
static void take_option(struct folder_verdict *v, const char *line)
{
	const char *value = line_value(line, "replay");

	if (value)
		v->exact = strncmp(value, "exact", 5) == 0;
	value = line_value(line, "cause");
	if (value)
		snprintf(v->cause, sizeof(v->cause), "%s", value);
	value = line_value(line, "seen");
	if (!value)
		return;
	v->seen = utc_parse(value);
	value = strchr(value, ',');
	if (value && sscanf(value, ", %" SCNu64 " of %" SCNu64, &v->hits, &v->runs) != 2)
		v->hits = v->runs = 0;
}

int folder_read_verdict(const char *folder, struct folder_verdict *v, char *message, size_t size)
{
	static const char *const names[] = {"verdict", "signature", "found by", "steps", "hash"};
	char path[PATH_MAX], *text, *line, *next;
	struct stat st;
	u32 i = 0;

	memset(v, 0, sizeof(*v));
	if ((size_t)snprintf(path, sizeof(path), "%s/verdict.txt", folder) >= sizeof(path))
		return fail(-ENAMETOOLONG, message, size, folder);
	text = file_read(path, NULL);
	if (!text)
		return fail(-errno, message, size, path);
	/* An empty line ends what machines read: the detail follows. */
	for (line = text; *line && *line != '\n'; line = next) {
		const char *value;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		value = i < ARRAY_SIZE(names) ? line_value(line, names[i]) : NULL;
		if (value)
			take_line(v, i++, value);
		else if (i < ARRAY_SIZE(names))
			break;
		else
			take_option(v, line);
	}
	free(text);
	if (!v->seen && stat(path, &st) == 0)
		v->seen = (u64)st.st_mtime;
	if (i == ARRAY_SIZE(names))
		return 0;
	snprintf(message, size, "%s:%u:1: expected '%s'", path, i + 1, names[i]);
	return -EINVAL;
}

static int is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int folder_for_each(const char *dir, int (*fn)(const char *path, void *arg), void *arg, char *message, size_t size)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_folder, alphasort), ret = 0;

	if (n < 0)
		return fail(-errno, message, size, dir);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX], scenario[PATH_MAX + 16];
		struct stat st;

		if (!ret && (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) < sizeof(path)) {
			snprintf(scenario, sizeof(scenario), "%s/scenario.pfn", path);
			if (stat(scenario, &st) == 0)
				ret = fn(path, arg);
		}
		free(entries[i]);
	}
	free(entries);
	return ret;
}

/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/night.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "jobs/object.h"

#define ORPHANS_SECONDS 30 /* a campaign files what it has before it ends */
#define DYING_SECONDS 2    /* who was killed has its files, and is there for all to see, until it is gone */
#define TRIES_A_SECOND 20
#define HOLDER_LEN 160

static int say(char *message, size_t size, const char *what, int error, const char *advice)
{
	snprintf(message, size, "%s: %s%s%s", what, strerror(error), *advice ? "; " : "", advice);
	return -error;
}

static bool join(char path[PATH_MAX], const char *dir, const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

/* ---- one runner at a time --------------------------------------------------------------------------------------- */

/* What a killed runner has started is being ended, and holds the lock until it is: @who is the first line of the file.
 */
static bool holder_is_gone(const struct night *n, const char *who)
{
	char host[72] = "";
	int pid;

	return sscanf(who, "process %d on %71s", &pid, host) == 2 && pid > 0 && strcmp(host, n->host) == 0 &&
	       kill(pid, 0) && errno == ESRCH;
}

/* Who has it now, as the file says in its first line. */
static void read_holder(int fd, char who[HOLDER_LEN])
{
	ssize_t len = pread(fd, who, HOLDER_LEN - 1, 0);

	who[max(len, (ssize_t)0)] = 0;
	who[strcspn(who, "\n")] = 0;
}

/* 0, or the negative errno of the last try: -EWOULDBLOCK if @who is at work, or what it left does not end. */
static int wait_for_lock(const struct night *n, int fd, int how, char who[HOLDER_LEN])
{
	const struct timespec moment = {.tv_nsec = 1000000000 / TRIES_A_SECOND};
	bool gone = false;

	for (u32 i = 0; i < (gone ? ORPHANS_SECONDS : DYING_SECONDS) * TRIES_A_SECOND; i++) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		read_holder(fd, who);
		gone = holder_is_gone(n, who);
		nanosleep(&moment, NULL);
	}
	return -EWOULDBLOCK;
}

static int lock_file(const struct night *n, const char *name, int how, char *message, size_t size)
{
	char path[PATH_MAX], who[HOLDER_LEN] = "";
	int fd = join(path, n->dir, name) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
	int ret;

	if (fd < 0)
		return say(message, size, path, errno, "nights need a folder that can be written: --dir");
	ret = wait_for_lock(n, fd, how, who);
	if (!ret)
		return fd;
	close(fd);
	if (ret != -EWOULDBLOCK)
		return say(message, size, path, -ret, "");
	snprintf(message, size, "%s: a night is under way here: %s; wait for it, or end it and go on with --resume",
		 n->dir, *who ? who : "by somebody who has not said who");
	return -EBUSY;
}

static void sign_lock(const struct night *n, int fd)
{
	char text[200], now[UTC_LEN];
	int len;

	utc_print(utc_now(), now);
	len = snprintf(text, sizeof(text),
		       "process %d on %s since %s (if it is gone, what it started is being ended)\n", (int)getpid(),
		       n->host, now);
	/* For people: a lock without it is a lock too. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) != len)
		return;
}

/* Shards share the folder and have a lock each; a whole night has it for itself. */
int night_lock(struct night *n, char *message, size_t size)
{
	bool sharded = n->options->shards > 1;
	char name[32], path[PATH_MAX];
	int ret = file_make_dirs(n->options->dir);

	if (ret)
		return say(message, size, n->options->dir, -ret, "nights need a folder that can be written: --dir");
	if (!realpath(n->options->dir, n->dir))
		return say(message, size, n->options->dir, errno, "");
	if (!join(n->store, n->dir, "crashes") || !join(path, n->dir, "nights"))
		return say(message, size, n->dir, ENAMETOOLONG, "");
	n->lock = lock_file(n, "lock", sharded ? LOCK_SH : LOCK_EX, message, size);
	if (n->lock < 0)
		return n->lock;
	if (sharded) {
		snprintf(name, sizeof(name), "lock.%u", n->options->shard);
		n->shard_lock = lock_file(n, name, LOCK_EX, message, size);
		if (n->shard_lock < 0)
			return n->shard_lock;
	}
	sign_lock(n, sharded ? n->shard_lock : n->lock);
	ret = file_make_dirs(path);
	return ret ? say(message, size, path, -ret, "nights need a folder that can be written: --dir") : 0;
}

void night_unlock(struct night *n)
{
	if (n->shard_lock >= 0)
		close(n->shard_lock);
	if (n->lock >= 0)
		close(n->lock);
	n->shard_lock = n->lock = -1;
}

/* ---- night.json ------------------------------------------------------------------------------------------------- */

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_time(struct json_object *o, const char *key, u64 seconds)
{
	char text[UTC_LEN];

	utc_print(seconds, text);
	json_object_object_add(o, key, seconds ? json_object_new_string(text) : NULL);
}

/* The shards that have ended, this one included if it has. */
static struct json_object *done_shards(const char *path, u32 shard, bool ended, u32 *count)
{
	struct json_object *old = object_read(path), *from = NULL, *list = json_object_new_array();

	*count = 0;
	if (old && json_object_object_get_ex(old, "done", &from) && json_object_is_type(from, json_type_array))
		for (size_t i = 0; i < json_object_array_length(from); i++) {
			int number = json_object_get_int(json_object_array_get_idx(from, i));

			if (number == (int)shard)
				continue;
			json_object_array_add(list, json_object_new_int(number));
			(*count)++;
		}
	if (ended) {
		json_object_array_add(list, json_object_new_int((int)shard));
		(*count)++;
	}
	json_object_put(old);
	return list;
}

static struct json_object *night_json(const struct night *n)
{
	struct json_object *o = json_object_new_object();
	char text[24];

	json_object_object_add(o, "schema", json_object_new_int(1));
	add_text(o, "night", n->id);
	add_text(o, "job", job_text(n->settings, JOB_KEY_night_name));
	add_text(o, "revision", n->revision);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)n->seed);
	add_text(o, "seed", text);
	json_object_object_add(o, "shards", json_object_new_int((int)n->options->shards));
	add_text(o, "host", n->host);
	add_time(o, "started", n->started);
	add_time(o, "ended", n->ended);
	json_object_object_add(o, "budget_s", json_object_new_double(n->budget));
	if (*n->only)
		add_text(o, "only", n->only);
	return o;
}

static int write_json(const char *path, struct json_object *o)
{
	return file_replace(
		path, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

int night_write(struct night *n, bool ended)
{
	char path[PATH_MAX];
	int fd = open(n->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;
	struct json_object *o, *done;
	u32 count;

	if (fd < 0 || !join(path, n->path, "night.json"))
		return -errno;
	/* Shards of one night write the same file, one after the other. */
	flock(fd, LOCK_EX);
	done = done_shards(path, n->options->shard, ended, &count);
	if (ended && count >= n->options->shards)
		n->ended = utc_now();
	n->outcome = ended || n->interrupted ? night_judge_folder(n) : NIGHT_running;
	n->exit = night_outcome_exit(n->outcome);
	if (n->interrupted)
		n->outcome = NIGHT_interrupted;
	else if (!n->ended && n->outcome == NIGHT_green)
		n->outcome = NIGHT_running;
	o = night_json(n);
	add_text(o, "outcome", night_outcome_text(n->outcome));
	json_object_object_add(o, "exit", n->outcome == NIGHT_running ? NULL : json_object_new_int(n->exit));
	json_object_object_add(o, "done", done);
	ret = write_json(path, o);
	json_object_put(o);
	close(fd);
	return ret;
}

/* ---- beginning -------------------------------------------------------------------------------------------------- */

static bool is_id(const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	return *id && strlen(id) < NIGHT_ID_MAX;
}

/* "20261128T010203Z-SEED"; a second later for each that is there already. */
static void choose_id(struct night *n)
{
	u64 now = n->started;
	char text[UTC_LEN];
	size_t len;

	do {
		len = 0;
		utc_print(now++, text);
		for (const char *c = text; *c; c++)
			if (*c != '-' && *c != ':')
				text[len++] = *c;
		text[len] = 0;
		snprintf(n->id, sizeof(n->id), "%s-%llx", text, (unsigned long long)n->seed);
	} while (snprintf(n->path, sizeof(n->path), "%s/nights/%s", n->dir, n->id) < PATH_MAX &&
		 access(n->path, F_OK) == 0);
}

static void remove_aside(const char *aside)
{
	char units[PATH_MAX];

	if (join(units, aside, "units"))
		rmdir(units);
	file_remove_dir(aside);
}

/* What runners left that were killed before their night had a name. */
static void remove_leftovers(const struct night *n)
{
	char nights[PATH_MAX], path[PATH_MAX];
	DIR *d = join(nights, n->dir, "nights") ? opendir(nights) : NULL;

	if (!d)
		return;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
		if (strncmp(entry->d_name, ".new-", 5) == 0 && join(path, nights, entry->d_name))
			remove_aside(path);
	closedir(d);
}

/* All of it aside, then renamed: a night's folder is there whole, or not at all. */
static int make_folder(struct night *n)
{
	char aside[PATH_MAX], path[PATH_MAX], nights[PATH_MAX];
	struct json_object *o;
	int ret;

	if (snprintf(aside, sizeof(aside), "%s/nights/.new-%s-%d", n->dir, n->id, (int)getpid()) >= PATH_MAX ||
	    !join(path, aside, "units") || !join(nights, n->dir, "nights"))
		return -ENAMETOOLONG;
	ret = file_make_dirs(path);
	if (!ret)
		ret = file_write_synced(aside, "job.ini", n->job_text);
	if (!ret && join(path, aside, "night.json")) {
		o = night_json(n);
		add_text(o, "outcome", night_outcome_text(NIGHT_running));
		json_object_object_add(o, "exit", NULL);
		json_object_object_add(o, "done", json_object_new_array());
		ret = write_json(path, o);
		json_object_put(o);
	}
	if (!ret && rename(aside, n->path))
		ret = -errno;
	if (!ret)
		return file_sync_dir(nights);
	remove_aside(aside);
	/* Another shard of it was quicker. */
	return n->options->id && (ret == -EEXIST || ret == -ENOTEMPTY) ? 0 : ret;
}

int night_create(struct night *n, char *message, size_t size)
{
	char path[PATH_MAX];
	int ret;

	if (n->options->id && !is_id(n->options->id)) {
		snprintf(message, size, "--night: expected letters, digits, '-' and '_', found '%s'", n->options->id);
		return -EINVAL;
	}
	if (n->options->shards == 1)
		remove_leftovers(n);
	n->started = utc_now();
	if (n->options->id) {
		snprintf(n->id, sizeof(n->id), "%s", n->options->id);
		if (snprintf(n->path, sizeof(n->path), "%s/nights/%s", n->dir, n->id) >= PATH_MAX)
			return say(message, size, n->dir, ENAMETOOLONG, "");
	} else {
		choose_id(n);
	}
	ret = make_folder(n);
	if (!ret && join(path, n->dir, "last"))
		ret = file_replace(path, n->id);
	if (ret)
		say(message, size, n->path, -ret, "nothing was started; make room, or give another --dir");
	return ret;
}

/* ---- going on --------------------------------------------------------------------------------------------------- */

static int newest(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The id of the night that began last: it says so itself, since clocks jump; else by name. */
static bool last_id(const struct night *n, char id[NIGHT_ID_MAX])
{
	char path[PATH_MAX], *text = join(path, n->dir, "last") ? file_read(path, NULL) : NULL;
	struct dirent **entries = NULL;
	int count;

	snprintf(id, NIGHT_ID_MAX, "%s", text ? text : "");
	free(text);
	id[strcspn(id, "\n")] = 0;
	if (is_id(id) && snprintf(path, sizeof(path), "%s/nights/%s", n->dir, id) < PATH_MAX && access(path, F_OK) == 0)
		return true;
	id[0] = 0;
	count = join(path, n->dir, "nights") ? scandir(path, &entries, newest, alphasort) : 0;
	for (int i = 0; i < count; i++) {
		if (is_id(entries[i]->d_name))
			snprintf(id, NIGHT_ID_MAX, "%s", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return id[0];
}

/* A night without a readable night.json is still its job file, its units and the seed in its name. */
static int read_head(struct night *n, char *message, size_t size)
{
	char path[PATH_MAX], text[PATH_MAX + 80];
	struct json_object *o = join(path, n->path, "night.json") ? object_read(path) : NULL, *value;
	const char *dash = strrchr(n->id, '-');
	u32 shards = n->options->shards;

	if (!o) {
		snprintf(text, sizeof(text), "%s cannot be read: it is made anew from the units", path);
		n->options->say(text, n->options->arg);
	}
	n->seed = strtoull(o ? object_text(o, "seed") : dash ? dash + 1 : "", NULL, 16);
	n->started = utc_parse(object_text(o, "started"));
	if (!n->started)
		n->started = utc_now();
	n->ended = utc_parse(object_text(o, "ended"));
	if (o && json_object_object_get_ex(o, "budget_s", &value))
		n->budget = json_object_get_double(value);
	snprintf(n->only, sizeof(n->only), "%s", object_text(o, "only"));
	if (*object_text(o, "revision"))
		snprintf(n->revision, sizeof(n->revision), "%s", object_text(o, "revision"));
	if (o && json_object_object_get_ex(o, "shards", &value))
		shards = (u32)json_object_get_int(value);
	json_object_put(o);
	if (shards == n->options->shards)
		return 0;
	snprintf(message, size, "night %s has %u shard%s: expected --shard K/%u", n->id, shards, shards == 1 ? "" : "s",
		 shards);
	return -EINVAL;
}

int night_reopen(struct night *n, char *message, size_t size)
{
	char path[PATH_MAX], id[NIGHT_ID_MAX];
	struct text_error error = {0};
	size_t len;

	if (n->options->id)
		snprintf(id, sizeof(id), "%s", n->options->id);
	else if (!last_id(n, id)) {
		snprintf(message, size, "%s: there is no night to go on with", n->dir);
		return -ENOENT;
	}
	snprintf(n->id, sizeof(n->id), "%s", id);
	if (!is_id(id) || snprintf(n->path, sizeof(n->path), "%s/nights/%s", n->dir, id) >= PATH_MAX ||
	    access(n->path, F_OK)) {
		snprintf(message, size, "%s has no night '%s'", n->dir, id);
		return -ENOENT;
	}
	free(n->job_text);
	n->job_text = join(path, n->path, "job.ini") ? file_read(path, &len) : NULL;
	if (!n->job_text)
		return say(message, size, path, errno, "the night cannot go on; start a new one without --resume");
	jobfile_free(&n->job);
	if (jobfile_parse(n->job_text, len, &n->job, &error)) {
		snprintf(message, size, "%s:%u: %s", path, error.line, error.message);
		return -EINVAL;
	}
	n->settings = jobfile_section(&n->job, JOB_night);
	return read_head(n, message, size);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static int is_unit(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && len - 5 < UNIT_NAME_MAX &&
	       strcmp(entry->d_name + len - 5, ".json") == 0;
}

enum night_outcome night_judge_folder(const struct night *n)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int count = join(path, n->path, "units") ? scandir(path, &entries, is_unit, alphasort) : 0;
	struct unit *unit = calloc((size_t)max(count, 1), sizeof(*unit));
	u32 read = 0;
	enum night_outcome outcome;

	for (int i = 0; i < count; i++) {
		struct unit *u = &unit[read];

		snprintf(u->name, sizeof(u->name), "%.*s", (int)strlen(entries[i]->d_name) - 5, entries[i]->d_name);
		/* One that is being written now by another shard counts when that one ends. */
		read += unit_read(u, n->path) == 0;
		free(entries[i]);
	}
	free(entries);
	outcome = night_judge(unit, read, n->interrupted);
	for (u32 i = 0; i < read; i++)
		unit_free(&unit[i]);
	free(unit);
	return outcome;
}

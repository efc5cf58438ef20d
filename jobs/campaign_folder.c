/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "crashes/utc.h"
#include "jobs/campaign_state.h"

void campaign_say(struct campaign *c, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* Programs that watch hear of it soon, too. */
	c->next_stats = 0;
	if (c->o->report)
		c->o->report(c->status, text, c->o->report_arg);
}

bool campaign_path(const struct campaign *c, char path[PATH_MAX], const char *fmt, ...)
{
	size_t len = (size_t)snprintf(path, PATH_MAX, "%s/", c->dir);
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(path + len, PATH_MAX - len, fmt, args);
	va_end(args);
	return more >= 0 && len + (size_t)more < PATH_MAX;
}

/* Who has the lock, as he wrote it there. */
static void read_holder(const char *path, char *buf, size_t size)
{
	char *text = file_read(path, NULL);

	process_first_line(text && *text ? text : "another process", buf, size);
	free(text);
}

static int write_holder(struct campaign *c)
{
	char host[65] = "", utc[UTC_LEN];

	gethostname(host, sizeof(host) - 1);
	utc_print(utc_now(), utc);
	if (ftruncate(c->lock, 0) ||
	    dprintf(c->lock, "process %d on %s since %s: %s\n", (int)getpid(), host, utc, c->o->words) < 0)
		return -errno;
	return 0;
}

static int take_lock(struct campaign *c, char *message, size_t size)
{
	char path[PATH_MAX], holder[256];
	int ret;

	if (!campaign_path(c, path, "lock"))
		return -ENAMETOOLONG;
	c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (c->lock < 0) {
		ret = -errno;
		snprintf(message, size, "%s: %s: choose a folder that can be written", path, strerror(-ret));
		return ret;
	}
	if (flock(c->lock, LOCK_EX | LOCK_NB)) {
		ret = -errno;
		read_holder(path, holder, sizeof(holder));
		snprintf(message, size, "%s has a campaign that is running (%s): wait for it, or choose another --dir",
			 c->dir, holder);
		return ret == -EWOULDBLOCK ? -EBUSY : ret;
	}
	ret = write_holder(c);
	if (ret)
		snprintf(message, size, "%s: %s: make room, or choose another folder", path, strerror(-ret));
	return ret;
}

static int make(const char *path, char *message, size_t size)
{
	int ret = file_make_dirs(path);

	if (ret)
		snprintf(message, size, "%s: %s: choose a folder that can be written", path, strerror(-ret));
	return ret;
}

static int make_folders(struct campaign *c, char *message, size_t size)
{
	static const char *const parts[] = {"tokens", "filing", "refused", "logs"};
	static const char *const each[] = {"artifacts", "afl", "counters"};
	char path[PATH_MAX];
	int ret = make(c->crashes, message, size);

	for (u32 i = 0; i < ARRAY_SIZE(parts) && !ret; i++)
		ret = campaign_path(c, path, "%s", parts[i]) ? make(path, message, size) : -ENAMETOOLONG;
	for (u32 t = 0; t < c->o->nr_targets && !ret; t++) {
		for (u32 i = 0; i < ARRAY_SIZE(each) && !ret; i++)
			ret = campaign_path(c, path, "%s/%s", each[i], c->o->target[t]) ? make(path, message, size)
											: -ENAMETOOLONG;
		if (!ret && (size_t)snprintf(path, sizeof(path), "%s/%s", c->corpus, c->o->target[t]) < sizeof(path))
			ret = make(path, message, size);
	}
	return ret;
}

/* Engines stand elsewhere than we do one day: paths they get are absolute. */
static int absolute(const char *path, char full[PATH_MAX], char *message, size_t size)
{
	int ret = make(path, message, size);

	if (!ret && !realpath(path, full)) {
		ret = -errno;
		snprintf(message, size, "%s: %s", path, strerror(-ret));
	}
	return ret;
}

static int place(struct campaign *c, const char *wanted, const char *name, char full[PATH_MAX], char *message,
		 size_t size)
{
	char path[PATH_MAX];

	if (!wanted && !campaign_path(c, path, "%s", name))
		return -ENAMETOOLONG;
	return absolute(wanted ? wanted : path, full, message, size);
}

int campaign_open(struct campaign *c, char *message, size_t size)
{
	int ret = absolute(c->o->dir, c->dir, message, size);
	bool there;

	ret = ret ? ret : take_lock(c, message, size);
	if (ret)
		return ret;
	there = campaign_read_asked(c);
	if (there && !c->o->resume) {
		snprintf(message, size, "%s has a campaign: go on with --resume, or choose another --dir", c->dir);
		return -EEXIST;
	}
	if (!c->o->nr_targets) {
		snprintf(message, size, "expected a target%s", c->o->resume ? ": there is no campaign to resume" : "");
		return -EINVAL;
	}
	ret = place(c, c->o->corpus_dir, "corpus", c->corpus, message, size);
	ret = ret ? ret : place(c, c->o->crash_dir, "crashes", c->crashes, message, size);
	ret = ret ? ret : make_folders(c, message, size);
	if (ret)
		return ret;
	if (there)
		campaign_read_stats(c);
	else
		campaign_note_known(c);
	return 0;
}

void campaign_share_corpora(struct campaign *c)
{
	char path[PATH_MAX];

	for (u32 t = 0; t < c->o->nr_targets; t++) {
		c->corpus_lock[t] = -1;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", c->corpus, c->o->target[t]) < sizeof(path))
			c->corpus_lock[t] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (c->corpus_lock[t] >= 0)
			flock(c->corpus_lock[t], LOCK_SH | LOCK_NB);
	}
}

bool campaign_own_corpus(struct campaign *c, u32 target)
{
	return c->corpus_lock[target] >= 0 && flock(c->corpus_lock[target], LOCK_EX | LOCK_NB) == 0;
}

void campaign_close(struct campaign *c)
{
	for (u32 t = 0; t < c->status->nr_targets; t++)
		if (c->corpus_lock[t] >= 0)
			close(c->corpus_lock[t]);
	free(c->known);
	if (c->lock >= 0)
		close(c->lock);
}

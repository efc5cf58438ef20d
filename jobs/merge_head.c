/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "jobs/object.h"

/* What night.json of a shard says, or of the night so far. */
struct head {
	struct json_object *first; /* of which what is the same in all is taken */
	u64 started, ended;        /* ended: of the last unit, as far as is known */
	u32 shards, done;
	bool is_done[NIGHT_SHARDS_MAX];
	char hosts[256];
};

static struct json_object *read_object(const char *dir, const char *id)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/nights/%s/night.json", dir, id) >= sizeof(path))
		return NULL;
	return object_read(path);
}

static void add_host(struct head *h, const char *host)
{
	size_t len = strlen(h->hosts);

	if (host[0] && !strstr(h->hosts, host))
		snprintf(h->hosts + len, sizeof(h->hosts) - len, "%s%s", len ? ", " : "", host);
}

/* @o is the head's from now on. */
static void add_head(struct head *h, struct json_object *o)
{
	struct json_object *list, *value;
	u64 started = utc_parse(object_text(o, "started"));

	if (!o)
		return;
	h->started = h->started && (!started || h->started < started) ? h->started : started;
	h->ended = max(h->ended, utc_parse(object_text(o, "ended")));
	if (json_object_object_get_ex(o, "shards", &value))
		h->shards = max(h->shards, (u32)clamp(json_object_get_int(value), 1, NIGHT_SHARDS_MAX));
	add_host(h, object_text(o, "host"));
	for (size_t i = 0; json_object_object_get_ex(o, "done", &list) && json_object_is_type(list, json_type_array) &&
			   i < json_object_array_length(list);
	     i++) {
		int shard = json_object_get_int(json_object_array_get_idx(list, i));

		if (shard < 0 || shard >= NIGHT_SHARDS_MAX || h->is_done[shard])
			continue;
		h->is_done[shard] = true;
		h->done++;
	}
	if (h->first)
		json_object_put(o);
	else
		h->first = o;
}

/* A night that no shard has begun has nothing but its name. */
static struct json_object *start_head(const struct head *h, const char *id)
{
	struct json_object *o = h->first;

	if (o)
		return o;
	o = json_object_new_object();
	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "night", json_object_new_string(id));
	json_object_object_add(o, "job", json_object_new_string("night"));
	json_object_object_add(o, "shards", json_object_new_int(1));
	return o;
}

static void add_time(struct json_object *o, const char *key, u64 seconds)
{
	char text[UTC_LEN];

	utc_print(seconds, text);
	json_object_object_add(o, key, json_object_new_string(text));
}

static enum night_outcome judge(struct merge *m, const struct head *h)
{
	enum night_outcome outcome = night_judge_folder(&m->night);

	if (outcome != NIGHT_green && outcome != NIGHT_interrupted)
		return outcome;
	return h->done < max(h->shards, 1U) ? NIGHT_infrastructure : outcome;
}

static int write_head(struct merge *m, struct head *h, const char *id)
{
	struct json_object *o = start_head(h, id), *done = json_object_new_array();
	enum night_outcome outcome = judge(m, h);
	char path[PATH_MAX];
	int ret;

	for (u32 i = 0; i < NIGHT_SHARDS_MAX; i++)
		if (h->is_done[i])
			json_object_array_add(done, json_object_new_int((int)i));
	add_time(o, "started", h->started ? h->started : utc_now());
	/* Merged once more it ended when it did. */
	add_time(o, "ended", h->ended ? h->ended : utc_now());
	if (h->hosts[0])
		json_object_object_add(o, "host", json_object_new_string(h->hosts));
	json_object_object_add(o, "outcome", json_object_new_string(night_outcome_text(outcome)));
	json_object_object_add(o, "exit", json_object_new_int(night_outcome_exit(outcome)));
	json_object_object_add(o, "done", done);
	m->result->outcome = min(m->result->outcome, outcome);
	ret = (size_t)snprintf(path, sizeof(path), "%s/night.json", m->night.path) < sizeof(path)
		      ? file_replace(path, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
										     JSON_C_TO_STRING_NOSLASHESCAPE))
		      : -ENAMETOOLONG;
	json_object_put(o);
	return ret ? merge_fail(m, path, -ret) : 0;
}

int merge_head(struct merge *m, const char *id)
{
	struct head *h = calloc(1, sizeof(*h));
	char path[PATH_MAX];
	int ret;

	if (!h)
		abort();
	if ((size_t)snprintf(path, sizeof(path), "%s/nights/%s/units", m->night.dir, id) >= sizeof(path)) {
		free(h);
		return merge_fail(m, m->night.dir, ENAMETOOLONG);
	}
	ret = file_make_dirs(path);
	snprintf(m->night.id, sizeof(m->night.id), "%s", id);
	snprintf(m->night.path, sizeof(m->night.path), "%.*s", (int)(strlen(path) - strlen("/units")), path);
	add_head(h, read_object(m->night.dir, id));
	for (u32 i = 0; i < m->o->sources; i++)
		add_head(h, read_object(m->o->source[i], id));
	ret = ret ? merge_fail(m, path, -ret) : write_head(m, h, id);
	free(h);
	return ret;
}

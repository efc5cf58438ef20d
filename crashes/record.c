/* SPDX-License-Identifier: MIT */
#include "crashes/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crashes/grow.h"

static const char *const statuses[] = {
#define RECORD_STATUS(id, text, help) text,
#include "crashes/statuses.def"
#undef RECORD_STATUS
};

const char *record_status_text(enum record_status status)
{
	return statuses[status];
}

enum record_status record_status_by_text(const char *text)
{
	enum record_status status = 0;

	while (status < NR_RECORD_STATUSES && strcmp(statuses[status], text) != 0)
		status++;
	return status;
}

int crash_facts_compare(const struct crash_facts *a, const struct crash_facts *b)
{
	if (a->exact != b->exact)
		return a->exact ? -1 : 1;
	if (a->ops != b->ops)
		return a->ops < b->ops ? -1 : 1;
	if (a->preemptions != b->preemptions)
		return a->preemptions < b->preemptions ? -1 : 1;
	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	return strcmp(a->folder, b->folder);
}

void record_key_of_cause(const char *cause, char key[FOLDER_CAUSE_MAX])
{
	static const char on[] = "=on";
	size_t len = 0;

	for (const char *at = cause; *at;) {
		size_t word = strcspn(at, ",");

		/* Only bugs are on or off. */
		if (word >= strlen(on) && memcmp(at + word - strlen(on), on, strlen(on)) == 0 &&
		    len + word + 2 < FOLDER_CAUSE_MAX) {
			if (len)
				key[len++] = ',';
			memcpy(key + len, at, word);
			len += word;
		}
		at += word + (at[word] == ',');
	}
	key[len] = '\0';
	if (!len)
		snprintf(key, FOLDER_CAUSE_MAX, "%s", cause);
}

struct record *record_new(const struct record_key *key)
{
	struct record *r = calloc(1, sizeof(*r));
	char text[sizeof(*key) + 1];

	if (!r)
		abort();
	snprintf(text, sizeof(text), "%s %s", key->cause, key->signature);
	snprintf(r->id, sizeof(r->id), "%08x", XXH32(text, strlen(text), 0));
	r->key = grow_array(r->key, 0, sizeof(*r->key));
	r->key[r->nr_keys++] = *key;
	r->dirty = true;
	return r;
}

void record_free(struct record *r)
{
	if (!r)
		return;
	free(r->key);
	free(r->signature);
	free(r->folder);
	free(r->merged);
	free(r);
}

bool record_has_key(const struct record *r, const char *cause, const char *signature)
{
	for (u32 i = 0; i < r->nr_keys; i++)
		if (strcmp(r->key[i].cause, cause) == 0 && strcmp(r->key[i].signature, signature) == 0)
			return true;
	return false;
}

struct record_signature *record_find_signature(const struct record *r, const char *signature)
{
	for (u32 i = 0; i < r->nr_signatures; i++)
		if (strcmp(r->signature[i].text, signature) == 0)
			return &r->signature[i];
	return NULL;
}

static void count_signature(struct record *r, const char *kind, const char *signature, u64 count)
{
	struct record_signature *s = record_find_signature(r, signature);

	if (!s) {
		r->signature = grow_array(r->signature, r->nr_signatures, sizeof(*r->signature));
		s = &r->signature[r->nr_signatures++];
		s->count = 0;
		snprintf(s->kind, sizeof(s->kind), "%s", kind);
		snprintf(s->text, sizeof(s->text), "%s", signature);
	}
	s->count += count;
}

bool record_has_folder(const struct record *r, const char *folder)
{
	for (u32 i = 0; i < r->nr_folders; i++)
		if (strcmp(r->folder[i], folder) == 0)
			return true;
	return false;
}

void record_add_folder(struct record *r, const char *folder)
{
	if (record_has_folder(r, folder))
		return;
	r->folder = grow_array(r->folder, r->nr_folders, sizeof(*r->folder));
	snprintf(r->folder[r->nr_folders++], sizeof(*r->folder), "%s", folder);
	r->dirty = true;
}

void record_drop_folder(struct record *r, const char *folder)
{
	for (u32 i = 0; i < r->nr_folders; i++) {
		if (strcmp(r->folder[i], folder) != 0)
			continue;
		r->nr_folders--;
		memmove(r->folder[i], r->folder[i + 1], (r->nr_folders - i) * sizeof(*r->folder));
		r->dirty = true;
		return;
	}
}

void record_set_status(struct record *r, enum record_status status)
{
	r->dirty = r->dirty || r->status != status;
	r->status = status;
}

void record_count(struct record *r, const struct crash_facts *facts)
{
	bool sighted;

	r->first = r->first ? min(r->first, facts->seen) : facts->seen;
	r->last = max(r->last, facts->seen);
	r->hits += facts->hits;
	r->runs += facts->runs;
	sighted = !facts->minimal || !r->count;
	r->count += sighted;
	count_signature(r, facts->kind, facts->signature, sighted);
	if (facts->folder[0])
		record_add_folder(r, facts->folder);
	if (r->status == RECORD_fixed)
		r->status = RECORD_regressed;
	else if (facts->minimal && r->status <= RECORD_reproduced)
		r->status = RECORD_minimised;
	r->dirty = true;
}

static void add_key(struct record *r, const struct record_key *key)
{
	if (record_has_key(r, key->cause, key->signature))
		return;
	r->key = grow_array(r->key, r->nr_keys, sizeof(*r->key));
	r->key[r->nr_keys++] = *key;
}

static void add_merged(struct record *r, const char *id)
{
	r->merged = grow_array(r->merged, r->nr_merged, sizeof(*r->merged));
	snprintf(r->merged[r->nr_merged++], sizeof(*r->merged), "%s", id);
}

void record_merge(struct record *r, struct record *from)
{
	for (u32 i = 0; i < from->nr_keys; i++)
		add_key(r, &from->key[i]);
	for (u32 i = 0; i < from->nr_signatures; i++)
		count_signature(r, from->signature[i].kind, from->signature[i].text, from->signature[i].count);
	for (u32 i = 0; i < from->nr_folders; i++)
		record_add_folder(r, from->folder[i]);
	for (u32 i = 0; i < from->nr_merged; i++)
		add_merged(r, from->merged[i]);
	add_merged(r, from->id);
	if (from->first)
		r->first = r->first ? min(r->first, from->first) : from->first;
	r->last = max(r->last, from->last);
	r->count += from->count;
	r->hits += from->hits;
	r->runs += from->runs;
	if (!r->note[0])
		snprintf(r->note, sizeof(r->note), "%s", from->note);
	/* Still there in one of them is still there. */
	if (r->status == RECORD_fixed && from->status != RECORD_fixed)
		r->status = from->status;
	r->dirty = true;
	from->gone = true;
}

void record_split(struct record *r, struct record *to, const char *signature)
{
	struct record_signature *s = record_find_signature(r, signature);
	u32 at;

	if (!s)
		return;
	at = (u32)(s - r->signature);
	if (!to->count) {
		to->first = r->first;
		to->last = r->last;
		to->count = s->count;
		count_signature(to, s->kind, s->text, s->count);
		to->dirty = true;
	}
	r->count -= min(r->count, s->count);
	r->nr_signatures--;
	memmove(s, s + 1, (r->nr_signatures - at) * sizeof(*s));
	r->dirty = true;
}

void record_set_note(struct record *r, const char *note)
{
	u32 len = 0;

	for (; *note && len + 1 < sizeof(r->note); note++)
		r->note[len++] = (unsigned char)*note < ' ' ? ' ' : *note;
	r->note[len] = '\0';
	r->dirty = true;
}

void record_rate_interval(u64 hits, u64 runs, double *low, double *high)
{
	const double z = 1.959964; /* of the normal distribution, 2.5 % lie above */
	double n = (double)runs, p, middle, half;

	*low = 0;
	*high = 1;
	if (!runs)
		return;
	p = min((double)hits / n, 1.0);
	middle = (p + z * z / (2 * n)) / (1 + z * z / n);
	half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
	*low = hits ? max(middle - half, 0.0) : 0;
	*high = hits < runs ? min(middle + half, 1.0) : 1;
}

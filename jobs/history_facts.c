/* SPDX-License-Identifier: MIT */
#include "jobs/history_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/grow.h"

const struct history_value_facts history_values[NR_HISTORY_VALUES] = {
#define HISTORY_VALUE(id, key, join, better, unit, label, help)                                                        \
	{#id, key, JOIN_##join, BETTER_##better, unit, label, help},
#include "jobs/history_values.def"
#undef HISTORY_VALUE
};

/* What the runner says of its words, and how many there are. */
#define NIGHT_OUTCOME_WORD(id, exit, help) static const char night_text_##id[] = help;
#include "jobs/night_outcomes.def"
#undef NIGHT_OUTCOME_WORD
#define UNIT_OUTCOME_WORD(id, ended, help) static const char unit_text_##id[] = help;
#include "jobs/unit_outcomes.def"
#undef UNIT_OUTCOME_WORD
enum {
#define NIGHT_OUTCOME_WORD(id, exit, help) NIGHT_WORD_##id,
#include "jobs/night_outcomes.def"
#undef NIGHT_OUTCOME_WORD
	NR_NIGHT_WORDS
};
enum {
#define UNIT_OUTCOME_WORD(id, ended, help) UNIT_WORD_##id,
#include "jobs/unit_outcomes.def"
#undef UNIT_OUTCOME_WORD
	NR_UNIT_WORDS
};

const struct history_word history_night_outcomes[] = {
#define NIGHT_OUTCOME(id, tone) {#id, TONE_##tone, night_text_##id},
#include "jobs/history_words.def"
	{0},
};

const struct history_word history_unit_outcomes[] = {
#define UNIT_OUTCOME(id, tone) {#id, TONE_##tone, unit_text_##id},
#include "jobs/history_words.def"
	{0},
};

/* A word that the runner gets needs a row in history_words.def. */
_Static_assert(ARRAY_SIZE(history_night_outcomes) == NR_NIGHT_WORDS + 1, "a night's outcome without a tone");
_Static_assert(ARRAY_SIZE(history_unit_outcomes) == NR_UNIT_WORDS + 1, "a unit's outcome without a tone");

const struct history_word history_kinds[] = {
#define UNIT_KIND(id, text) {#id, TONE_PLAIN, text},
#include "jobs/history_words.def"
	{0},
};

const struct history_word history_news[] = {
#define CRASH_NEWS(id, tone, text) {#id, TONE_##tone, text},
#include "jobs/history_words.def"
	{0},
};

u32 history_rank(const struct history_word *table, const char *word)
{
	u32 rank = 0;

	while (table[rank].word && strcmp(table[rank].word, word) != 0)
		rank++;
	return rank;
}

enum history_tone history_tone(const struct history_word *table, const char *word)
{
	const struct history_word *w = &table[history_rank(table, word)];

	return w->word ? w->tone : TONE_WARN;
}

void history_unit_init(struct history_unit *u)
{
	memset(u, 0, sizeof(*u));
	u->shards = 1;
	u->exit = -1;
	for (u32 i = 0; i < NR_HISTORY_VALUES; i++)
		u->value[i] = NAN;
}

void history_unit_free(struct history_unit *u)
{
	free(u->command);
	free(u->crash);
	free(u->operation);
	history_unit_init(u);
}

static double join(enum history_join how, double a, double b, u32 before)
{
	if (!history_is(a) || !history_is(b))
		return history_is(a) ? a : b;
	switch (how) {
	case JOIN_SUM:
		return a + b;
	case JOIN_MAX:
		return max(a, b);
	case JOIN_MEAN:
		return (a * before + b) / (before + 1);
	default:
		/* 3/n of both: the n add up. */
		return a > 0 && b > 0 ? 1 / (1 / a + 1 / b) : 0;
	}
}

struct history_operation *history_operation(const struct history_unit *u, const char *name)
{
	for (u32 i = 0; i < u->nr_operations; i++)
		if (strcmp(u->operation[i].name, name) == 0)
			return &u->operation[i];
	return NULL;
}

void history_add_refusal(struct history_operation *o, const char *name, u64 count)
{
	u32 i = 0;

	while (i < o->nr_refusals && strcmp(o->refusal[i].name, name) != 0)
		i++;
	if (i == HISTORY_REFUSALS) {
		/* The rarest makes room. */
		if (o->refusal[--i].count >= count)
			return;
		o->refusal[i].count = 0;
	} else if (i == o->nr_refusals) {
		o->refusal[o->nr_refusals++].count = 0;
	}
	snprintf(o->refusal[i].name, sizeof(o->refusal[i].name), "%s", name);
	o->refusal[i].count += count;
	for (; i && o->refusal[i - 1].count < o->refusal[i].count; i--) {
		struct history_refusal rarer = o->refusal[i - 1];

		o->refusal[i - 1] = o->refusal[i];
		o->refusal[i] = rarer;
	}
}

/* Counts add up; of times the longer one: what a quantile of both is nobody knows. */
static void join_operation(struct history_unit *u, const struct history_operation *other)
{
	struct history_operation *o = history_operation(u, other->name);

	if (!o) {
		u->operation = grow_array(u->operation, u->nr_operations, sizeof(*u->operation));
		u->operation[u->nr_operations++] = *other;
		return;
	}
	o->attempts += other->attempts;
	o->ok += other->ok;
	o->p50 = fmax(o->p50, other->p50);
	o->p99 = fmax(o->p99, other->p99);
	o->max = fmax(o->max, other->max);
	for (u32 i = 0; i < other->nr_refusals; i++)
		history_add_refusal(o, other->refusal[i].name, other->refusal[i].count);
}

void history_unit_join(struct history_unit *u, const struct history_unit *shard)
{
	for (u32 i = 0; i < NR_HISTORY_VALUES; i++)
		u->value[i] = join(history_values[i].join, u->value[i], shard->value[i], u->found);
	if (history_rank(history_unit_outcomes, shard->outcome) < history_rank(history_unit_outcomes, u->outcome)) {
		memcpy(u->outcome, shard->outcome, sizeof(u->outcome));
		memcpy(u->message, shard->message, sizeof(u->message));
		memcpy(u->log, shard->log, sizeof(u->log));
		u->exit = shard->exit;
		u->signal = shard->signal;
	}
	u->shards += shard->shards;
	u->found += shard->found;
	u->attempt = max(u->attempt, shard->attempt);
	u->started = min(u->started, shard->started);
	for (u32 i = 0; i < shard->nr_crashes; i++) {
		u->crash = grow_array(u->crash, u->nr_crashes, sizeof(*u->crash));
		u->crash[u->nr_crashes++] = shard->crash[i];
	}
	for (u32 i = 0; i < shard->nr_operations; i++)
		join_operation(u, &shard->operation[i]);
}

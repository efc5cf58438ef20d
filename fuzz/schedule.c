/* SPDX-License-Identifier: MIT */
#include "fuzz/schedule.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void schedule_init(struct schedule *s)
{
	s->count = 0;
	s->nr_objects = 0;
}

void schedule_copy(struct schedule *to, const struct schedule *from)
{
	to->count = from->count;
	to->nr_objects = from->nr_objects;
	memcpy(to->entry, from->entry, from->count * sizeof(from->entry[0]));
	memcpy(to->object, from->object, from->nr_objects * sizeof(from->object[0]));
}

static bool is_object_kind(const struct schedule_entry *e)
{
	return e->form == SCHEDULE_OBJECT && e->object != SCHEDULE_NO_OBJECT;
}

static bool entry_equal(const struct schedule *a, const struct schedule *b, u32 i)
{
	const struct schedule_entry *x = &a->entry[i], *y = &b->entry[i];

	if (x->form != y->form || x->task != y->task || x->target != y->target || x->anchor != y->anchor ||
	    x->occurrence != y->occurrence)
		return false;
	switch ((enum schedule_form)x->form) {
	case SCHEDULE_START:
	case SCHEDULE_SEMANTIC:
		return true;
	case SCHEDULE_RAW:
		return x->count == y->count && x->build == y->build;
	case SCHEDULE_OBJECT:
		return x->count == y->count && x->kind == y->kind && is_object_kind(x) == is_object_kind(y) &&
		       strcmp(schedule_object_name(a, x), schedule_object_name(b, y)) == 0;
	case SCHEDULE_CHOICE:
		return x->choice == y->choice && x->what == y->what && x->value == y->value;
	}
	return false;
}

bool schedule_equal(const struct schedule *a, const struct schedule *b)
{
	if (a->count != b->count)
		return false;
	for (u32 i = 0; i < a->count; i++) {
		if (!entry_equal(a, b, i))
			return false;
	}
	return true;
}

int schedule_add(struct schedule *s, const struct schedule_entry *entry)
{
	if (s->count == SCHEDULE_MAX)
		return -ENOSPC;
	s->entry[s->count++] = *entry;
	return 0;
}

void schedule_remove(struct schedule *s, u32 index)
{
	memmove(&s->entry[index], &s->entry[index + 1], (s->count - index - 1) * sizeof(s->entry[0]));
	s->count--;
}

int schedule_object(struct schedule *s, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= SCHEDULE_OBJECT_LEN)
		return -EINVAL;
	for (u32 i = 0; i < s->nr_objects; i++) {
		if (strcmp(s->object[i], name) == 0)
			return (int)i;
	}
	if (s->nr_objects == SCHEDULE_OBJECTS)
		return -ENOSPC;
	memcpy(s->object[s->nr_objects], name, len + 1);
	return (int)s->nr_objects++;
}

const char *schedule_object_name(const struct schedule *s, const struct schedule_entry *e)
{
	return is_object_kind(e) ? s->object[e->object] : "";
}

u32 schedule_preemptions(const struct schedule *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->count; i++) {
		const struct schedule_entry *e = &s->entry[i];

		if (e->form == SCHEDULE_OBJECT)
			n += !(e->kind & (RT_BLOCK | RT_EXIT));
		else
			n += e->form == SCHEDULE_SEMANTIC || e->form == SCHEDULE_RAW;
	}
	return n;
}

u32 schedule_raw_entries(const struct schedule *s)
{
	u32 n = 0;

	for (u32 i = 0; i < s->count; i++)
		n += s->entry[i].form == SCHEDULE_RAW;
	return n;
}

_Static_assert(NR_FAULTS <= RT_CHOICE_SUBJECTS && NR_DRAINS <= RT_CHOICE_SUBJECTS, "strategies count by subject");

u32 schedule_choice_subjects(u32 choice)
{
	return choice == RT_CHOOSE_FAULT ? NR_FAULTS : choice == RT_CHOOSE_DRAIN ? NR_DRAINS : 1;
}

u32 schedule_choice_answer_max(u32 choice)
{
	return choice == RT_CHOOSE_FAULT || choice == RT_CHOOSE_DRAIN ? 1 : UINT16_MAX;
}

/* The build writes a header with a hash of core's sources; a file compiled by hand has the tables alone. */
#if __has_include(<core_fingerprint.h>)
#include <core_fingerprint.h>
#else
#define PFNSTORM_CORE_FINGERPRINT ""
#endif

u32 schedule_fingerprint(void)
{
	static const char tables[] = PFNSTORM_CORE_FINGERPRINT
#define POINT(family, name, mirrors) #family "." #name " " mirrors "\n"
#include "core/points.def"
#undef POINT
#define OP(id, name, weight, syntax, help) #id #name syntax "\n"
#define OP_ARG(op, name, type, min, max, def) #op #name #type #min #max "\n"
#include "core/ops.def"
#undef OP
#undef OP_ARG
		;
	static u32 fingerprint;

	if (!fingerprint)
		fingerprint = XXH32(tables, sizeof(tables), 0) | 1;
	return fingerprint;
}

/* SPDX-License-Identifier: MIT */
#include "core/check/laws.h"

#include "core/check/census.h"
#include "core/check/reference.h"
#include "core/mm/machine.h"
#include "core/rt/atomic.h"
#include "core/rt/report.h"

#include <stdarg.h>
#include <stdio.h>

enum law_when { LAW_OP, LAW_QUIET };

struct law {
	const char *name, *text;
	const char *(*check)(void);
	enum law_when when;
	bool at_steps;
	u64 locks; /* at steps: classes that nobody may hold for writing while the law is asked */
};

#define AT_STEPS BIT(63)
_Static_assert(NR_LOCK_CLASSES < 63, "a bit for each class, and AT_STEPS");
_Static_assert(NR_LAWS <= CORE_LAWS_MAX, "a bit for each law");

static const struct law laws[NR_LAWS] = {
#define OP LAW_OP
#define QUIET LAW_QUIET
#define REST 0
#define ALWAYS AT_STEPS
#define FREE(class) (AT_STEPS | BIT(LOCK_##class))
#define INVARIANT(id, when, step, text)                                                                                \
	[LAW_##id] = {#id, text, law_##id, when, ((step)&AT_STEPS) != 0, (step) & ~AT_STEPS},
#include "core/invariants.def"
#undef INVARIANT
#undef FREE
#undef ALWAYS
#undef REST
#undef OP
#undef QUIET
};

/* A campaign's settings, not a machine's state: outside the arena. */
static bool after_each_op;
static struct {
	u32 count;
	u16 law[NR_LAWS];
} at_steps;

const char *broken(const char *fmt, ...)
{
	static char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

const char *law_name(enum law_id id)
{
	return laws[id].name;
}

const char *law_check(enum law_id id)
{
	return laws[id].check();
}

const char *law_text(enum law_id id)
{
	return laws[id].text;
}

const char *core_law_name(u32 law)
{
	return law < NR_LAWS ? laws[law].name : NULL;
}

bool core_law_at_steps(u32 law)
{
	return law < NR_LAWS && laws[law].at_steps;
}

enum law_id laws_check(bool quiescent, const char **text)
{
	census_take();
	for (u32 id = 0; id < NR_LAWS; id++) {
		if (!quiescent && laws[id].when != LAW_OP)
			continue;
		*text = laws[id].check();
		if (*text)
			return id;
	}
	return NR_LAWS;
}

static void fail(enum law_id id, const char *text)
{
	char place[64];

	snprintf(place, sizeof(place), "law %s", laws[id].name);
	rt_fail(VERDICT_invariant, place, "%s: %s", laws[id].text, text);
}

void core_check_laws(bool quiescent)
{
	const char *text, *signature;
	enum law_id id = laws_check(quiescent, &text);

	if (id != NR_LAWS)
		fail(id, text);
	if (!quiescent)
		return;
	text = leaks_check(&signature);
	if (text)
		rt_fail(VERDICT_leak, signature, "%s", text);
	reference_check();
}

void core_check_after_each_op(bool on)
{
	after_each_op = on;
}

/* Those laws that may be asked now. The census is for laws that are not cheap, and taken at most once. */
static void check_step(void)
{
	u64 held = rt_locks_held();
	bool counted = false;

	for (u32 i = 0; i < at_steps.count; i++) {
		const struct law *law = &laws[at_steps.law[i]];
		const char *text;

		if (law->locks & held)
			continue;
		if (law->when == LAW_QUIET && !counted)
			census_take();
		counted |= law->when == LAW_QUIET;
		text = law->check();
		if (text)
			fail(at_steps.law[i], text);
	}
}

void core_check_at_each_step(const struct law_set *set)
{
	at_steps.count = 0;
	for (u32 id = 0; id < NR_LAWS; id++)
		if (set && set->word[id / 64] >> id % 64 & 1)
			at_steps.law[at_steps.count++] = (u16)id;
	rt_set_step_check(at_steps.count ? check_step : NULL);
}

static void check_at_quiescence(void)
{
	core_check_laws(true);
}

void core_check_at_quiescence(bool on)
{
	rt_set_quiescence_check(on ? check_at_quiescence : NULL);
}

static void run_begins(void)
{
	oom_law_begin();
	reference_run_begins();
}

void laws_init(void)
{
	rt_set_quiescence_check(check_at_quiescence);
	rt_set_start_check(run_begins);
	isolated_law_init();
	oom_law_init();
	cached_law_init();
	cma_law_init();
	virtio_mem_law_init();
	pinned_law_init();
	told_law_init();
	undone_law_init();
	reference_init();
}

void laws_op_begin(void)
{
	if (after_each_op)
		atomic_inc(&machine.ops_in_flight);
}

void laws_op_end(void)
{
	/* Others in the middle of an operation: nearly nothing holds now; the last one to end checks. */
	if (after_each_op && atomic_dec_and_test(&machine.ops_in_flight))
		core_check_laws(false);
}

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
};

static const struct law laws[NR_LAWS] = {
#define OP LAW_OP
#define QUIET LAW_QUIET
#define INVARIANT(id, when, text) [LAW_##id] = {#id, text, law_##id, when},
#include "core/invariants.def"
#undef INVARIANT
#undef OP
#undef QUIET
};

/* A campaign's setting, not a machine's state: outside the arena. */
static bool after_each_op;

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

void core_check_laws(bool quiescent)
{
	const char *text, *signature;
	enum law_id id = laws_check(quiescent, &text);
	char place[64];

	if (id != NR_LAWS) {
		snprintf(place, sizeof(place), "law %s", laws[id].name);
		rt_fail(VERDICT_invariant, place, "%s: %s", laws[id].text, text);
	}
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

static void check_at_quiescence(void)
{
	core_check_laws(true);
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

/* SPDX-License-Identifier: MIT */
#include "core/range/walk_law.h"

#include "core/mm/machine.h"
#include "core/rt/access.h"
#include "core/rt/report.h"
#include "core/rt/run.h"
#include "core/rt/task.h"

static bool covers(u64 start, u64 end, u64 pfn)
{
	return pfn >= start && pfn < end;
}

static void __attribute__((noreturn, noinline)) outlived(const struct walk *w, u64 pfn)
{
	rt_fail(VERDICT_invariant, "walk pointer outlived its read section",
		"%s touches the struct page of pfn %llu, which its walk neither holds nor covers\n"
		"%s, covered pfns %llu to %llu, held pfns %llu to %llu (ends excluded)",
		task_name(current), (unsigned long long)pfn,
		w->reading ? "a read section is open" : "no read section is open", (unsigned long long)w->covered_start,
		(unsigned long long)w->covered_end, (unsigned long long)w->held_start, (unsigned long long)w->held_end);
}

/*
 * Judging must not change what it judges: the load of the machine here is no scheduling point and no access that could
 * race. The slot belongs to the calling task alone.
 */
UNOBSERVED_BEGIN
static void walk_law_check(const struct page *page)
{
	const struct task_struct *task = current;
	u32 id = task ? task_id(task) : RT_MAX_TASKS;
	const struct walk *w = id < RT_MAX_TASKS ? machine.walks[id] : NULL;
	u64 pfn;

	if (likely(!w) || w->paused)
		return;
	pfn = page_to_pfn(page);
	if (!covers(w->covered_start, w->covered_end, pfn) && !covers(w->held_start, w->held_end, pfn))
		outlived(w, pfn);
}
UNOBSERVED_END

void walk_law_init(void)
{
	page_access_hook = design(pfn_walk) == ALT_pfn_walk_rcu ? walk_law_check : NULL;
}

void walk_law_enter(struct walk *w)
{
	u32 id = current ? task_id(current) : RT_MAX_TASKS;

	if (!page_access_hook || id >= RT_MAX_TASKS)
		return;
	w->outer = machine.walks[id];
	machine.walks[id] = w;
}

void walk_law_exit(struct walk *w)
{
	u32 id = current ? task_id(current) : RT_MAX_TASKS;

	if (!page_access_hook || id >= RT_MAX_TASKS)
		return;
	BUG_ON(machine.walks[id] != w);
	machine.walks[id] = w->outer;
}

/* SPDX-License-Identifier: MIT */
#include "core/range/walk_law.h"

#include "core/mm/machine.h"
#include "core/rt/access.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

_Static_assert(offsetof(struct walk, cover) == 0, "page_access_check() takes a walk for its cover");

static void __attribute__((noreturn, noinline)) outlived(const struct walk *w, u64 pfn)
{
	rt_fail(VERDICT_invariant, "walk pointer outlived its read section",
		"%s touches the struct page of pfn %llu, which its walk neither holds nor covers\n"
		"%s, covered pfns %llu to %llu, held pfns %llu to %llu (ends excluded)",
		task_name(current), (unsigned long long)pfn,
		w->reading ? "a read section is open" : "no read section is open",
		(unsigned long long)w->cover.start_pfn, (unsigned long long)w->cover.end_pfn,
		(unsigned long long)w->held_start, (unsigned long long)w->held_end);
}

/*
 * Asked about a page that the current read section does not cover. Judging must not change what it judges: the looks at
 * the walk here are no scheduling points.
 */
UNOBSERVED_BEGIN
static void walk_law_check(const struct page *page)
{
	const struct walk *w = rt_task_private();
	u64 pfn = page_to_pfn(page);

	/* No struct page at all: the access itself will say so. */
	if (pfn >= geometry.max_pfn)
		return;
	if (!w->paused && (pfn < w->held_start || pfn >= w->held_end))
		outlived(w, pfn);
}
UNOBSERVED_END

static bool walk_law_holds(void)
{
	return design(pfn_walk) != ALT_pfn_walk_unsynchronised && current;
}

void walk_law_init(void)
{
	page_access_hook = walk_law_check;
}

void walk_law_enter(struct walk *w)
{
	if (!walk_law_holds())
		return;
	w->outer = rt_task_private();
	rt_task_set_private(w);
}

void walk_law_exit(struct walk *w)
{
	if (!walk_law_holds())
		return;
	BUG_ON(rt_task_private() != w);
	rt_task_set_private(w->outer);
}

/* SPDX-License-Identifier: MIT */
#include "core/range/walk.h"

#include "core/mm/machine.h"
#include "core/range/walk_law.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* One alternative of design pfn_walk. */
struct walk_ops {
	void (*begin)(struct walk *w); /* NULL: nothing to do */
	void (*end)(struct walk *w);
	struct page *(*pageblock)(struct walk *w, u64 start_pfn, u64 end_pfn);
	struct page *(*page)(struct walk *w, u64 pfn);
	void (*leave)(struct walk *w);
	bool (*resched)(struct walk *w, u32 ms);
	/* Does the reference just taken on @page keep its memory from going offline? */
	bool (*reference_counts)(const struct page *page);
};

static void take_a_break(u32 ms)
{
	if (ms)
		msleep(ms);
	else
		cond_resched();
}

static bool page_in_zone(const struct page *page, const struct zone *zone)
{
	return page_zone(page) == zone;
}

/* __pageblock_pfn_to_page(), mm/page_alloc.c, 6.1; the first page is known to be online. */
static bool pageblock_in_zone(const struct walk *w, u64 start_pfn, u64 end_pfn)
{
	const struct page *first = pfn_to_page(start_pfn), *last = pfn_to_page(end_pfn - 1);

	if (w->zone && !page_in_zone(first, w->zone))
		return false;
	return page_zone_id(first) == page_zone_id(last);
}

/* ---- unsynchronised -------------------------------------------------------------------------------------------- */

static struct page *unsynchronised_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	struct page *page;

	if (w->zone && READ_ONCE(w->zone->contiguous))
		return pfn_to_page(start_pfn);
	if (!pfn_valid(start_pfn) || !pfn_valid(end_pfn - 1))
		return NULL;
	page = pfn_to_online_page(start_pfn);
	point(walk, section_checked, start_pfn);
	return page && pageblock_in_zone(w, start_pfn, end_pfn) ? page : NULL;
}

/* The check that all alternatives begin with. That a section is valid says only that its struct pages are there. */
static struct page *look_up(u64 pfn)
{
	if (bug(walkers_trust_valid))
		return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
	return pfn_to_online_page(pfn);
}

static struct page *unsynchronised_page(struct walk *w, u64 pfn)
{
	struct page *page = look_up(pfn);

	point(walk, section_checked, pfn);
	return page && (!w->zone || page_in_zone(page, w->zone)) ? page : NULL;
}

static void unsynchronised_leave(struct walk *w)
{
	(void)w;
}

static bool unsynchronised_resched(struct walk *w, u32 ms)
{
	(void)w;
	take_a_break(ms);
	return true;
}

static bool unsynchronised_reference_counts(const struct page *page)
{
	(void)page;
	return true;
}

/* ---- rcu ------------------------------------------------------------------------------------------------------- */

/*
 * What one check tells. Being online is a property of whole sections, and no compound page or free block crosses the
 * end of one. In a section with holes, or of which a device has a part, it is one of subsections: of those that the
 * largest free block could have. The struct pages of all of them are there as long as one is online, so one may look
 * whether a neighbour is free; it is not online for that.
 */
static void set_cover(struct walk *w, u64 pfn)
{
	u64 block = 1ULL << geometry.max_order, start = ALIGN_DOWN(pfn, (u64)PAGES_PER_SUBSECTION);
	u64 end = start + PAGES_PER_SUBSECTION;

	if (section_is_whole(__pfn_to_section(pfn))) {
		start = w->cover.start_pfn = section_nr_to_pfn(pfn_to_section_nr(pfn));
		end = w->cover.end_pfn = start + PAGES_PER_SECTION;
	} else {
		w->cover.start_pfn = ALIGN_DOWN(pfn, block);
		w->cover.end_pfn = w->cover.start_pfn + block;
		while (start > w->cover.start_pfn && pfn_to_online_page(start - 1))
			start -= PAGES_PER_SUBSECTION;
		while (end < w->cover.end_pfn && pfn_to_online_page(end))
			end += PAGES_PER_SUBSECTION;
	}
	w->online.start_pfn = start;
	w->online.end_pfn = end;
}

/* Opens the read section, or goes on with the one that is open. */
static struct page *rcu_enter(struct walk *w, u64 pfn)
{
	struct page *page;

	if (!w->reading) {
		rcu_read_lock();
		w->reading = 1;
	} else if (pfn >= w->online.start_pfn && pfn < w->online.end_pfn) {
		return pfn_to_page(pfn);
	}
	page = look_up(pfn);
	rt_rcu_reached(page);
	point(walk, section_checked, pfn);
	if (page)
		set_cover(w, pfn);
	return page;
}

static void rcu_leave(struct walk *w)
{
	w->cover.start_pfn = w->cover.end_pfn = 0;
	w->online.start_pfn = w->online.end_pfn = 0;
	if (!w->reading)
		return;
	w->reading = 0;
	rcu_read_unlock();
}

/*
 * Never trusts zone->contiguous: offline clears it long after the section went offline. A pageblock lies in one
 * subsection, which is online as a whole.
 */
static struct page *rcu_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	struct page *page = rcu_enter(w, start_pfn);

	if (page && pageblock_in_zone(w, start_pfn, end_pfn))
		return page;
	rcu_leave(w);
	return NULL;
}

static struct page *rcu_page(struct walk *w, u64 pfn)
{
	struct page *page = rcu_enter(w, pfn);

	if (page && (!w->zone || page_in_zone(page, w->zone)))
		return page;
	rcu_leave(w);
	return NULL;
}

static bool rcu_resched(struct walk *w, u32 ms)
{
	if (!bug(planted_resched_in_read_section))
		rcu_leave(w);
	take_a_break(ms);
	return rcu_pageblock(w, w->block_start_pfn, w->block_end_pfn) != NULL;
}

/*
 * get_page_unless_zero() orders the reference before this load of the online bit. Offline tests that all pages are
 * free before it clears the bit; so bit still set means that the test either failed for this page or comes later.
 * It skips poisoned pages whatever their references.
 */
static bool rcu_reference_counts(const struct page *page)
{
	return pfn_to_online_page(page_to_pfn(page)) && !PageHWPoison(page);
}

/* ---- notifier_pause --------------------------------------------------------------------------------------------- */

void walkers_init(void)
{
	struct walkers *walkers = kzalloc_obj(struct walkers, OBJ_walkers);

	BUG_ON(!walkers);
	rt_mark_permanent(walkers);
	init_waitqueue_head(&walkers->changed, LOCK_walkers);
	machine.walkers = walkers;
}

/* Those inside have checked before the flag was set, and may rely on what they saw until they leave. */
void walkers_pause(void)
{
	struct walkers *walkers = machine.walkers;

	WRITE_ONCE(walkers->paused, 1);
	/* Either who enters sees the flag, or we see who entered. */
	smp_mb();
	point(walk, paused, 0);
	wait_event(&walkers->changed, !smp_load_acquire(&walkers->inside.counter));
}

void walkers_resume(void)
{
	smp_store_release(&machine.walkers->paused, 0);
	wake_up_all(&machine.walkers->changed);
	point(walk, resumed, 0);
}

static void walker_leaves(struct walkers *walkers)
{
	/* Ordered: what was read under it comes before what the offline does. */
	if (atomic_dec_and_test(&walkers->inside) && READ_ONCE(walkers->paused))
		wake_up_all(&walkers->changed);
}

/* False: memory goes offline, and the walk cannot wait. Whoever takes it offline needs no protection from himself. */
static bool pause_enter(struct walk *w)
{
	struct walkers *walkers = machine.walkers;

	if (w->reading || !current || lock_is_held_write(&machine.mem_hotplug_lock.rt)) {
		w->reading = 1;
		return true;
	}
	for (;;) {
		/* Fully ordered: pairs with the barrier in walkers_pause(). */
		atomic_inc_return(&walkers->inside);
		/*
		 * Acquire: the look at the flag comes before the looks at sections. Who finds it down again must see
		 * the sections as the offline left them; pairs with the release in walkers_resume().
		 * Who cannot wait tests a range under zone->lock that its caller has isolated: it stays online.
		 */
		if (!smp_load_acquire(&walkers->paused) || in_atomic()) {
			w->reading = w->counted = 1;
			return true;
		}
		walker_leaves(walkers);
		/* The offline would wait for a page that is held. */
		if (w->gives_way || w->held_start != w->held_end)
			return false;
		wait_event(&walkers->changed, !smp_load_acquire(&walkers->paused));
	}
}

static void pause_leave(struct walk *w)
{
	w->cover.start_pfn = w->cover.end_pfn = 0;
	w->reading = 0;
	if (w->counted)
		walker_leaves(machine.walkers);
	w->counted = 0;
}

static struct page *pause_look_up(struct walk *w, u64 pfn)
{
	struct page *page = pause_enter(w) ? look_up(pfn) : NULL;

	point(walk, section_checked, pfn);
	if (page) {
		w->cover.start_pfn = section_nr_to_pfn(pfn_to_section_nr(pfn));
		w->cover.end_pfn = w->cover.start_pfn + PAGES_PER_SECTION;
	}
	return page;
}

/* zone->contiguous is not trusted: at MEM_OFFLINE it may still be set. */
static struct page *pause_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	struct page *page = pause_look_up(w, start_pfn);

	if (page && pageblock_in_zone(w, start_pfn, end_pfn))
		return page;
	pause_leave(w);
	return NULL;
}

static struct page *pause_page(struct walk *w, u64 pfn)
{
	struct page *page = pause_look_up(w, pfn);

	if (page && (!w->zone || page_in_zone(page, w->zone)))
		return page;
	pause_leave(w);
	return NULL;
}

static bool pause_resched(struct walk *w, u32 ms)
{
	pause_leave(w);
	take_a_break(ms);
	return pause_pageblock(w, w->block_start_pfn, w->block_end_pfn) != NULL;
}

/* ---- hotplug_lock ------------------------------------------------------------------------------------------------ */

/* The lock does not nest: neither in a walk of this task, nor in what has it already. */
static void lock_begin(struct walk *w)
{
	w->locked = current && !lock_is_held(&machine.mem_hotplug_lock.rt);
	if (w->locked)
		get_online_mems();
	/* All of the memory, for the law. */
	w->cover.end_pfn = geometry.max_pfn;
}

static void lock_end(struct walk *w)
{
	if (w->locked)
		put_online_mems();
	w->locked = 0;
}

static struct page *lock_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	struct page *page = look_up(start_pfn);

	point(walk, section_checked, start_pfn);
	return page && pageblock_in_zone(w, start_pfn, end_pfn) ? page : NULL;
}

/* ---- the common part ------------------------------------------------------------------------------------------- */

static const struct walk_ops *walk_ops(void)
{
	static const struct walk_ops alternatives[] = {
		[ALT_pfn_walk_unsynchronised] =
			{
				.pageblock = unsynchronised_pageblock,
				.page = unsynchronised_page,
				.leave = unsynchronised_leave,
				.resched = unsynchronised_resched,
				.reference_counts = unsynchronised_reference_counts,
			},
		[ALT_pfn_walk_rcu] =
			{
				.pageblock = rcu_pageblock,
				.page = rcu_page,
				.leave = rcu_leave,
				.resched = rcu_resched,
				.reference_counts = rcu_reference_counts,
			},
		[ALT_pfn_walk_notifier_pause] =
			{
				.pageblock = pause_pageblock,
				.page = pause_page,
				.leave = pause_leave,
				.resched = pause_resched,
				.reference_counts = unsynchronised_reference_counts,
			},
		[ALT_pfn_walk_hotplug_lock] =
			{
				.begin = lock_begin,
				.end = lock_end,
				.pageblock = lock_pageblock,
				.page = unsynchronised_page,
				.leave = unsynchronised_leave,
				.resched = unsynchronised_resched,
				.reference_counts = unsynchronised_reference_counts,
			},
	};

	return &alternatives[design(pfn_walk)];
}

void walk_begin(struct walk *w, struct zone *zone)
{
	w->outer = NULL;
	w->zone = zone;
	w->block_start_pfn = w->block_end_pfn = 0;
	w->cover.start_pfn = w->cover.end_pfn = 0;
	w->online.start_pfn = w->online.end_pfn = 0;
	w->held_start = w->held_end = 0;
	w->reading = 0;
	w->paused = 0;
	w->gives_way = w->counted = w->locked = 0;
	if (walk_ops()->begin)
		walk_ops()->begin(w);
	walk_law_enter(w);
}

void walk_begin_giving_way(struct walk *w, struct zone *zone)
{
	walk_begin(w, zone);
	w->gives_way = 1;
}

void walk_end(struct walk *w)
{
	BUG_ON(w->reading || w->paused || w->held_start != w->held_end);
	walk_law_exit(w);
	if (walk_ops()->end)
		walk_ops()->end(w);
}

struct page *walk_pageblock(struct walk *w, u64 start_pfn, u64 end_pfn)
{
	w->block_start_pfn = start_pfn;
	w->block_end_pfn = end_pfn;
	return walk_ops()->pageblock(w, start_pfn, end_pfn);
}

struct page *walk_page(struct walk *w, u64 pfn)
{
	w->block_start_pfn = pfn;
	w->block_end_pfn = pfn + 1;
	return walk_ops()->page(w, pfn);
}

void walk_leave(struct walk *w)
{
	walk_ops()->leave(w);
}

bool walk_resched(struct walk *w, u32 ms)
{
	return walk_ops()->resched(w, ms);
}

bool walk_take(struct walk *w, struct page *page)
{
	BUG_ON(w->held_start != w->held_end);
	if (!get_page_unless_zero(page))
		return false;
	w->held_start = page_to_pfn(page);
	w->held_end = w->held_start + 1;
	return true;
}

bool walk_taken_holds(const struct page *page)
{
	return walk_ops()->reference_counts(page);
}

bool walk_hold(struct walk *w, struct page *page)
{
	if (!walk_take(w, page))
		return false;
	if (walk_taken_holds(page))
		return true;
	walk_drop(w, page);
	return false;
}

void walk_drop(struct walk *w, struct page *page)
{
	walk_keep(w, page);
	walk_pause(w);
	put_page(page);
	walk_resume(w);
}

void walk_keep(struct walk *w, struct page *page)
{
	BUG_ON(w->held_start != page_to_pfn(page) || w->held_end != w->held_start + 1);
	w->held_start = w->held_end = 0;
}

void walk_pause(struct walk *w)
{
	w->paused++;
}

void walk_resume(struct walk *w)
{
	BUG_ON(w->paused == 0);
	w->paused--;
}

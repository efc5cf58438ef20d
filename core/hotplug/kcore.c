/* SPDX-License-Identifier: MIT */
#include "core/hotplug/kcore.h"

#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/mm/page_offline.h"
#include "core/range/walk.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

void kcore_init(void)
{
	struct kcore *kcore = kzalloc_obj(struct kcore, OBJ_kcore);

	BUG_ON(!kcore);
	rt_mark_permanent(kcore);
	init_rwsem(&kcore->lock, LOCK_kclist);
	kcore->need_update = 1;
	machine.kcore = kcore;
}

void kcore_memory_changed(void)
{
	WRITE_ONCE(machine.kcore->need_update, 1);
}

/* What does not fit can not be read, as under a list that could not be allocated. */
static int add_range(u64 pfn, u64 nr_pages, void *arg)
{
	struct kcore *kcore = arg;

	if (kcore->count == KCORE_RANGES_MAX)
		return -ENOMEM;
	kcore->range[kcore->count].start_pfn = pfn;
	kcore->range[kcore->count++].end_pfn = pfn + nr_pages;
	return 0;
}

/* By whoever opens the file. Memory that comes while the list is made asks for the next one. */
static void kcore_update_ram(struct kcore *kcore)
{
	if (!READ_ONCE(kcore->need_update))
		return;
	down_write(&kcore->lock);
	if (READ_ONCE(kcore->need_update)) {
		WRITE_ONCE(kcore->need_update, 0);
		kcore->count = 0;
		walk_system_ram_range(0, geometry.max_pfn, kcore, add_range);
	}
	up_write(&kcore->lock);
}

static bool listed(const struct kcore *kcore, u64 pfn)
{
	for (u32 i = 0; i < kcore->count; i++)
		if (pfn >= kcore->range[i].start_pfn && pfn < kcore->range[i].end_pfn)
			return true;
	return false;
}

void (*content_read_hook)(u64 pfn);

/* Memory of the list may have gone since: whether it is online says the section. False: zeroes are read instead. */
static bool read_page(struct walk *w, u64 pfn, u64 *sum)
{
	const struct page *page = walk_page(w, pfn);
	bool readable;

	if (!page)
		return false;
	readable = !PageOffline(page) && !PageHWPoison(page);
	point(walk, readable, pfn);
	if (!readable)
		return false;
	if (content_read_hook)
		content_read_hook(pfn);
	*sum += page_content_read(pfn);
	return true;
}

static void freeze(void)
{
	if (!bug(kcore_reads_unfrozen))
		page_offline_freeze();
}

static void thaw(void)
{
	if (!bug(kcore_reads_unfrozen))
		page_offline_thaw();
}

s64 kcore_read(u64 start_pfn, u64 end_pfn)
{
	struct kcore *kcore = machine.kcore;
	s64 pages = 0;
	u64 sum = 0;
	struct walk w;

	kcore_update_ram(kcore);
	/* Drivers wait for readers while an offline waits for the driver: a reader does not wait for the offline. */
	walk_begin_giving_way(&w, NULL);
	down_read(&kcore->lock);
	/* Before each read section, in which nobody waits. */
	freeze();
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		if (pfn % BIT(geometry.max_order) == 0) {
			walk_leave(&w);
			thaw();
			cond_resched();
			freeze();
		}
		if (listed(kcore, pfn))
			pages += read_page(&w, pfn, &sum);
	}
	walk_leave(&w);
	thaw();
	up_read(&kcore->lock);
	walk_end(&w);
	point(walk, scanned, sum);
	return pages;
}

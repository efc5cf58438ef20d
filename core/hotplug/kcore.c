/* SPDX-License-Identifier: MIT */
#include "core/hotplug/kcore.h"

#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
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

/* Memory of the list may have gone since: whether it is online says the section. False: zeroes are read instead. */
static bool read_page(struct walk *w, u64 pfn, u64 *sum)
{
	const struct page *page = walk_page(w, pfn);
	bool readable;

	if (!page)
		return false;
	readable = !PageOffline(page) && !PageHWPoison(page);
	if (readable)
		*sum += page_content_read(pfn);
	return readable;
}

s64 kcore_read(u64 start_pfn, u64 end_pfn)
{
	struct kcore *kcore = machine.kcore;
	s64 pages = 0;
	u64 sum = 0;
	struct walk w;

	kcore_update_ram(kcore);
	walk_begin(&w, NULL);
	down_read(&kcore->lock);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		if (pfn % BIT(geometry.max_order) == 0) {
			walk_leave(&w);
			cond_resched();
		}
		if (listed(kcore, pfn))
			pages += read_page(&w, pfn, &sum);
	}
	walk_leave(&w);
	up_read(&kcore->lock);
	walk_end(&w);
	point(walk, scanned, sum);
	return pages;
}

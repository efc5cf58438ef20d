/* SPDX-License-Identifier: MIT */
#include "core/range/ksm.h"

#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

void ksm_init(void)
{
	struct ksm *ksm = kzalloc_obj(struct ksm, OBJ_ksm);

	BUG_ON(!ksm);
	rt_mark_permanent(ksm);
	mutex_init(&ksm->thread_mutex, LOCK_ksm_thread);
	init_waitqueue_head(&ksm->wait, LOCK_ksm_wait);
	machine.ksm = ksm;
}

/* ---- stable nodes: thread_mutex held ---------------------------------------------------------------------------- */

static void forget_node(struct ksm *ksm, u32 i)
{
	ksm->nr_nodes--;
	ksm->node[i].kpfn = ksm->node[ksm->nr_nodes].kpfn;
	ksm->node[i].mapping = ksm->node[ksm->nr_nodes].mapping;
}

static bool is_known(const struct ksm *ksm, u64 pfn)
{
	for (u32 i = 0; i < ksm->nr_nodes; i++)
		if (ksm->node[i].kpfn == pfn)
			return true;
	return false;
}

/* The caller holds a reference to the page. */
static void remember_page(struct ksm *ksm, const struct page *page)
{
	u64 pfn = page_to_pfn(page), mapping = READ_ONCE(page->mapping);

	if (!mapping || is_known(ksm, pfn) || ksm->nr_nodes == KSM_NODES_MAX)
		return;
	ksm->node[ksm->nr_nodes].kpfn = pfn;
	ksm->node[ksm->nr_nodes++].mapping = mapping;
}

/*
 * The page of a node with a reference, if it still is the one. It may be freed or move at any time, so its mapping is
 * looked at again once it cannot. (get_ksm_page, 6.1)
 */
static struct page *get_ksm_page(const struct stable_node *node)
{
	struct page *page = pfn_to_page(node->kpfn);

	point(ksm, page, node->kpfn);
	if (READ_ONCE(page->mapping) != node->mapping || !get_page_unless_zero(page))
		return NULL;
	if (READ_ONCE(page->mapping) == node->mapping)
		return page;
	put_page(page);
	return NULL;
}

/* ---- ksmd ------------------------------------------------------------------------------------------------------- */

static void remember_area(struct ksm *ksm, struct area *area)
{
	for (u32 i = 0; i < area->size; i++) {
		struct page *page = NULL;
		u64 pte;

		spin_lock(&area->ptl);
		pte = area->pte[i];
		if (pte & PTE_PRESENT && !pte_order(pte)) {
			page = pfn_to_page(pte_pfn(pte));
			get_page(page);
		}
		spin_unlock(&area->ptl);
		if (!page)
			continue;
		remember_page(ksm, page);
		put_page(page);
	}
}

/* thread_mutex is dropped meanwhile: the listener needs it to say that the offline is over. (6.1) */
static void wait_while_offlining(struct ksm *ksm)
{
	while (READ_ONCE(ksm->run) & KSM_RUN_OFFLINE) {
		mutex_unlock(&ksm->thread_mutex);
		wait_event(&ksm->wait, !(smp_load_acquire(&ksm->run) & KSM_RUN_OFFLINE));
		mutex_lock(&ksm->thread_mutex);
	}
}

s64 ksm_scan(struct area *area)
{
	struct ksm *ksm = machine.ksm;
	u64 checksum = 0;
	s64 pages = 0;

	mutex_lock(&ksm->thread_mutex);
	wait_while_offlining(ksm);
	remember_area(ksm, area);
	for (u32 i = 0; i < ksm->nr_nodes;) {
		struct page *page = get_ksm_page(&ksm->node[i]);

		cond_resched();
		if (!page) {
			forget_node(ksm, i);
			continue;
		}
		checksum += page_content_read(ksm->node[i].kpfn);
		put_page(page);
		pages++;
		i++;
	}
	mutex_unlock(&ksm->thread_mutex);
	point(ksm, scanned, checksum);
	return pages;
}

/* ---- the listener ----------------------------------------------------------------------------------------------- */

/* Taking the mutex waits for a scan under way, the flag keeps the next one out. */
void ksm_going_offline(void)
{
	struct ksm *ksm = machine.ksm;

	mutex_lock(&ksm->thread_mutex);
	WRITE_ONCE(ksm->run, READ_ONCE(ksm->run) | KSM_RUN_OFFLINE);
	if (!bug(ksm_mutex_held))
		mutex_unlock(&ksm->thread_mutex);
}

static void prune_range(struct ksm *ksm, u64 start_pfn, u64 end_pfn)
{
	for (u32 i = 0; i < ksm->nr_nodes;) {
		if (ksm->node[i].kpfn >= start_pfn && ksm->node[i].kpfn < end_pfn)
			forget_node(ksm, i);
		else
			i++;
	}
}

void ksm_offline_ended(u64 start_pfn, u64 nr_pages)
{
	struct ksm *ksm = machine.ksm;

	if (!bug(ksm_mutex_held))
		mutex_lock(&ksm->thread_mutex);
	if (!bug(ksm_stale_pfns))
		prune_range(ksm, start_pfn, start_pfn + nr_pages);
	smp_store_release(&ksm->run, READ_ONCE(ksm->run) & ~(u32)KSM_RUN_OFFLINE);
	mutex_unlock(&ksm->thread_mutex);
	wake_up_all(&ksm->wait);
	point(ksm, resumed, start_pfn);
}

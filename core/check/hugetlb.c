/* SPDX-License-Identifier: MIT */
/* The law of the pool of huge pages. */
#include "core/mm/hugetlb.h"
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"

static bool raw_hpage(const struct page *head, enum hugetlb_page_flags flag)
{
	return head->private >> flag & 1;
}

/* The free list of a node: number of pages, or -1 and what is wrong with one of them in *@wrong. */
static s64 count_free_list(u32 nid, const char **wrong)
{
	const struct list_head *head = &machine.hstate.hugepage_freelists[nid], *prev = head;
	s64 count = 0;

	for (const struct list_head *entry = head->next; entry != head; prev = entry, entry = entry->next) {
		const struct page *page = container_of(entry, struct page, lru);

		if (!raw_page_live(page) || entry->prev != prev || !raw_page_huge(page) || page->_refcount.counter ||
		    raw_page_nid(page) != nid || !raw_hpage(page, HPG_freed) || raw_hpage(page, HPG_temporary) ||
		    raw_hpage(page, HPG_migratable)) {
			*wrong = broken("node %u: pfn %llu on the free list is no free huge page of the node", nid,
					(unsigned long long)page_to_pfn(page));
			return -1;
		}
		count++;
	}
	return count;
}

static const char *node_broken(u32 nid)
{
	const struct hstate *h = &machine.hstate;
	u64 nr = h->nr_huge_pages_node[nid], surplus = h->surplus_huge_pages_node[nid];
	u64 free = h->free_huge_pages_node[nid];
	const char *wrong = NULL;
	s64 listed = count_free_list(nid, &wrong);

	if (wrong)
		return wrong;
	if (nr != census.huge_pages[nid] || free != census.huge_free[nid] || free != (u64)listed)
		return broken("node %u: the pool counts %llu huge pages, %llu free; there are %llu, %llu, and %lld "
			      "on the free list",
			      nid, (unsigned long long)nr, (unsigned long long)free,
			      (unsigned long long)census.huge_pages[nid], (unsigned long long)census.huge_free[nid],
			      (long long)listed);
	if (surplus > nr)
		return broken("node %u: %llu huge pages, %llu of them surplus", nid, (unsigned long long)nr,
			      (unsigned long long)surplus);
	return NULL;
}

const char *law_hugetlb_pool(void)
{
	const struct hstate *h = &machine.hstate;
	u64 nr = 0, free = 0, surplus = 0, reserved = 0;

	for (u32 nid = 0; nid < MAX_NODES; nid++) {
		const char *wrong = node_broken(nid);

		if (wrong)
			return wrong;
		nr += h->nr_huge_pages_node[nid];
		free += h->free_huge_pages_node[nid];
		surplus += h->surplus_huge_pages_node[nid];
	}
	for (u32 slot = 0; slot < OP_SLOTS; slot++)
		reserved += machine.areas[slot].hugetlb_reserved;
	if (nr != h->nr_huge_pages || free != h->free_huge_pages || surplus != h->surplus_huge_pages)
		return broken("the pool counts %llu huge pages, %llu free, %llu surplus; its nodes %llu, %llu, %llu",
			      (unsigned long long)h->nr_huge_pages, (unsigned long long)h->free_huge_pages,
			      (unsigned long long)h->surplus_huge_pages, (unsigned long long)nr,
			      (unsigned long long)free, (unsigned long long)surplus);
	if (reserved != h->resv_huge_pages || reserved > free)
		return broken("%llu huge pages are promised to areas, the pool counts %llu and has %llu free",
			      (unsigned long long)reserved, (unsigned long long)h->resv_huge_pages,
			      (unsigned long long)free);
	return NULL;
}

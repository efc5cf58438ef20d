/* SPDX-License-Identifier: MIT */
/* Broken memory in huge pages of the pool (mm/hugetlb.c, mm/memory-failure.c, 6.1). */
#include "core/mm/hugetlb.h"

#include "core/mm/hugetlb_page.h"
#include "core/mm/machine.h"

static bool raw_hwpoison(const struct page *page)
{
	return READ_ONCE(page->compound_dtor) & RAW_HWPOISON;
}

static void mark_raw_hwpoison(struct page *page, bool on)
{
	u32 word = READ_ONCE(page->compound_dtor) & ~RAW_HWPOISON;

	WRITE_ONCE(page->compound_dtor, on ? word | RAW_HWPOISON : word);
}

/* The head's flag says that the head itself is broken: marked before it became one. */
static bool stands_for_itself(const struct page *head)
{
	if (!PageHWPoison(head))
		return false;
	for (const struct page *page = head; page < head + BIT(machine.hstate.order); page++)
		if (raw_hwpoison(page))
			return false;
	return true;
}

/* hugetlb_lock held. As get_huge_page_for_hwpoison(), but that *@counted references are the caller's to drop. */
static int grab_for_hwpoison(struct page *page, bool referenced, bool retry, bool *counted, bool *another)
{
	struct page *head = compound_head(page);
	bool poisoned;
	int ret;

	*counted = referenced;
	if (!PageHeadHuge(head))
		return MF_NO_HUGETLB;
	if (!referenced && hpage_test(head, HPG_freed))
		ret = 0;
	else if (referenced || hpage_test(head, HPG_migratable))
		ret = *counted = referenced || get_page_unless_zero(head);
	else
		ret = -EBUSY;
	if (ret == -EBUSY && retry)
		return ret;
	/* Whoever marked it found no huge page yet, and has counted it. */
	if (!bug(hugetlb_poison_counted_again)) {
		if (stands_for_itself(head))
			mark_raw_hwpoison(head, true);
		if (page != head && PageHWPoison(page))
			return -EHWPOISON;
	}
	poisoned = TestSetPageHWPoison(head);
	*another = poisoned && !raw_hwpoison(page);
	mark_raw_hwpoison(page, true);
	return poisoned ? -EHWPOISON : ret;
}

int get_huge_page_for_hwpoison(struct page *page, bool referenced, bool retry, bool *another)
{
	struct hstate *h = &machine.hstate;
	struct page *head = compound_head(page);
	unsigned long flags;
	bool counted;
	int ret;

	*another = false;
	spin_lock_irqsave(&h->hugetlb_lock, flags);
	ret = grab_for_hwpoison(page, referenced, retry, &counted, another);
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	if (ret == -EHWPOISON && counted)
		put_page(head);
	return ret;
}

int get_hwpoison_huge_page(struct page *head, bool *hugetlb, bool unpoison)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	*hugetlb = PageHeadHuge(head);
	if (*hugetlb && !hpage_test(head, HPG_freed))
		ret = unpoison || hpage_test(head, HPG_migratable) ? get_page_unless_zero(head) : -EBUSY;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	return ret;
}

void hugetlb_clear_page_hwpoison(struct page *head)
{
	if (stands_for_itself(head))
		return;
	ClearPageHWPoison(head);
	for (struct page *page = head; page < head + BIT(machine.hstate.order); page++) {
		if (!raw_hwpoison(page))
			continue;
		mark_raw_hwpoison(page, false);
		SetPageHWPoison(page);
	}
}

u32 free_raw_hwp_pages(struct page *head)
{
	u32 count = 0;

	for (struct page *page = head; page < head + BIT(machine.hstate.order); page++) {
		count += raw_hwpoison(page);
		mark_raw_hwpoison(page, false);
	}
	return count;
}

/* SPDX-License-Identifier: MIT */
#include "core/range/cma.h"

#include "core/mm/machine.h"
#include "core/mm/topology.h"
#include "core/range/contig.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

#define BITMAP_BITS 64u

void (*cma_range_hook)(u64 start_pfn, u64 end_pfn);

/* ---- boot ------------------------------------------------------------------------------------------------------- */

static bool kept_by_boot(u64 start_pfn, u64 end_pfn)
{
	for (u32 i = 0; i < topology->nr_kept; i++)
		if (topology->kept[i].start < end_pfn << geometry.page_shift &&
		    topology->kept[i].end > start_pfn << geometry.page_shift)
			return true;
	return false;
}

/* The area's place at the end of an early range; 0: there is no room. */
static u64 place_in_range(u32 i, u64 nr_pages)
{
	u64 start_pfn = ALIGN(topology->range[i].start, 1UL << geometry.page_shift) >> geometry.page_shift;
	u64 end_pfn = ALIGN_DOWN(topology->range[i].end >> geometry.page_shift, 1UL << geometry.max_order);

	if (topology->range[i].nid || end_pfn < start_pfn + nr_pages || kept_by_boot(end_pfn - nr_pages, end_pfn) ||
	    early_zone(topology, end_pfn - nr_pages) != ZONE_NORMAL)
		return 0;
	return end_pfn - nr_pages;
}

void cma_declare_area(void)
{
	u64 nr_pages = CMA_AREA_PAGEBLOCKS * pageblock_nr_pages, base_pfn = 0;
	struct cma *cma;

	for (u32 i = topology->nr_ranges; i-- > 0 && !base_pfn;)
		base_pfn = place_in_range(i, nr_pages);
	if (!boot_param(cma) || !base_pfn)
		return;
	cma = kzalloc_obj(struct cma, OBJ_cma);
	BUG_ON(!cma);
	rt_mark_permanent(cma);
	cma->base_pfn = base_pfn;
	cma->count = nr_pages;
	while (nr_pages >> cma->order_per_bit > BITMAP_BITS)
		cma->order_per_bit++;
	spin_lock_init(&cma->lock, LOCK_cma);
	mutex_init(&cma->mutex, LOCK_cma_mutex);
	machine.cma = cma;
}

void cma_init_pageblocks(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	const struct cma *cma = machine.cma;

	if (!cma)
		return;
	start_pfn = max(start_pfn, cma->base_pfn);
	end_pfn = min(end_pfn, cma->base_pfn + cma->count);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += pageblock_nr_pages) {
		set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_CMA);
		zone->cma_pages += pageblock_nr_pages;
	}
}

/* ---- the bitmap ------------------------------------------------------------------------------------------------- */

static u64 pages_to_bits(const struct cma *cma, u64 pages)
{
	return ALIGN(pages, BIT(cma->order_per_bit)) >> cma->order_per_bit;
}

static u64 bit_mask(u64 bit, u64 nr_bits)
{
	return (nr_bits < BITMAP_BITS ? BIT(nr_bits) - 1 : ~0ULL) << bit;
}

/* The first @nr_bits clear bits from @from on whose pages are aligned to 2^align; the number of bits if there are none.
 * cma->lock held. */
static u64 find_zero_area(const struct cma *cma, u64 from, u64 nr_bits, u32 align)
{
	u64 bits = cma->count >> cma->order_per_bit;

	for (u64 bit = from; bit + nr_bits <= bits; bit++) {
		u64 pfn = cma->base_pfn + (bit << cma->order_per_bit);

		if (!(cma->bitmap & bit_mask(bit, nr_bits)) && IS_ALIGNED(pfn, BIT(align)))
			return bit;
	}
	return bits;
}

static void cma_clear_bitmap(struct cma *cma, u64 bit, u64 nr_bits)
{
	unsigned long irq;

	spin_lock_irqsave(&cma->lock, irq);
	cma->bitmap &= ~bit_mask(bit, nr_bits);
	spin_unlock_irqrestore(&cma->lock, irq);
}

/* Finds clear bits and sets them: from then on their pages are the caller's. False: there are none. */
static bool take_bits(struct cma *cma, u64 from, u64 nr_bits, u32 align, u64 *bit)
{
	bool locked = !bug(planted_cma_bitmap_unlocked), found;
	unsigned long irq = 0;

	if (locked)
		spin_lock_irqsave(&cma->lock, irq);
	*bit = find_zero_area(cma, from, nr_bits, align);
	found = *bit < cma->count >> cma->order_per_bit;
	if (found)
		cma->bitmap |= bit_mask(*bit, nr_bits);
	if (locked)
		spin_unlock_irqrestore(&cma->lock, irq);
	return found;
}

/* ---- allocation ------------------------------------------------------------------------------------------------- */

/* The mutex: two ranges that share a pageblock can not be isolated at the same time. */
static int alloc_range(struct cma *cma, u64 pfn, u64 count)
{
	bool serialised = !bug(cma_mutex_removed);
	int ret;

	if (serialised)
		mutex_lock(&cma->mutex);
	if (cma_range_hook)
		cma_range_hook(pfn, pfn + count);
	ret = alloc_contig_range(pfn, pfn + count, MIGRATE_CMA, GFP_KERNEL);
	if (serialised)
		mutex_unlock(&cma->mutex);
	return ret;
}

struct page *cma_alloc(struct cma *cma, u64 count, u32 align)
{
	u64 bit, from = 0, nr_bits, align_bits;

	if (!cma || !count || count > cma->count)
		return NULL;
	nr_bits = pages_to_bits(cma, count);
	align_bits = align > cma->order_per_bit ? BIT(align - cma->order_per_bit) : 1;
	while (take_bits(cma, from, nr_bits, align, &bit)) {
		u64 pfn = cma->base_pfn + (bit << cma->order_per_bit);
		int ret;

		point(cma, bits_taken, pfn);
		ret = alloc_range(cma, pfn, count);
		point(cma, allocated, ret);
		if (ret == 0)
			return pfn_to_page(pfn);
		cma_clear_bitmap(cma, bit, nr_bits);
		if (ret != -EBUSY)
			break;
		/* Perhaps a little further. */
		from = bit + align_bits;
	}
	return NULL;
}

bool cma_release(struct cma *cma, struct page *pages, u64 count)
{
	u64 pfn = page_to_pfn(pages);

	if (!cma || pfn < cma->base_pfn || pfn + count > cma->base_pfn + cma->count)
		return false;
	/* The pages first: who finds the bits clear may have them at once. */
	free_contig_range(pfn, count);
	point(cma, released, pfn);
	cma_clear_bitmap(cma, (pfn - cma->base_pfn) >> cma->order_per_bit, pages_to_bits(cma, count));
	return true;
}

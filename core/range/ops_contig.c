/* SPDX-License-Identifier: MIT */
#include "core/range/ops_contig.h"

#include "core/mm/anon.h"
#include "core/mm/machine.h"
#include "core/range/balloon.h"
#include "core/range/cma.h"
#include "core/range/contig.h"
#include "core/rt/cpu.h"

/* A request for single pages that stay where they are. */
struct contig_request {
	u64 start_pfn, nr_pages;
	bool anywhere; /* and then @start_pfn is the answer */
};

static s64 allocate(struct contig_request *request)
{
	struct page *page;

	if (!request->anywhere)
		return alloc_contig_range(request->start_pfn, request->start_pfn + request->nr_pages, MIGRATE_MOVABLE,
					  GFP_KERNEL);
	page = alloc_contig_pages((u32)__builtin_ctzll(request->nr_pages), GFP_KERNEL,
				  cpu_to_node(raw_smp_processor_id()), NULL);
	if (!page)
		return -ENOMEM;
	request->start_pfn = page_to_pfn(page);
	return 0;
}

/* The split of a huge page may have used entries up that were free: what finds none is given back. */
static s64 map_or_free(struct area *area, u64 start_pfn, u64 nr_pages)
{
	u64 mapped = 0;

	while (mapped < nr_pages && area_map_kernel_page(area, pfn_to_page(start_pfn + mapped)))
		mapped++;
	if (mapped < nr_pages)
		free_contig_range(start_pfn + mapped, nr_pages - mapped);
	return mapped ? (s64)mapped : -ENOMEM;
}

/* The pages become kernel memory of the slot, one entry each, and are freed like it. */
static s64 allocate_into(u32 slot, struct contig_request *request)
{
	struct area *area = area_of_slot(slot);
	s64 ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_ANON);
	if (!ret && area_room(area) < request->nr_pages)
		ret = -ENOMEM;
	if (!ret)
		ret = allocate(request);
	if (!ret)
		ret = map_or_free(area, request->start_pfn, request->nr_pages);
	mutex_unlock(&area->lock);
	return ret;
}

s64 op_contig(const struct op *op)
{
	u64 block_pfn = (u64)op->arg[0] * geometry.pages_per_block, first = (u64)op->arg[1];
	struct contig_request request = {.start_pfn = block_pfn + first, .nr_pages = (u64)op->arg[2]};

	if (first + request.nr_pages > geometry.pages_per_block ||
	    !pfn_range_valid_contig(NULL, request.start_pfn, request.nr_pages))
		return -EINVAL;
	return allocate_into((u32)op->arg[3], &request);
}

s64 op_contig_pages(const struct op *op)
{
	struct contig_request request = {.nr_pages = BIT(op->arg[0]), .anywhere = true};

	return allocate_into((u32)op->arg[1], &request);
}

/* ---- CMA -------------------------------------------------------------------------------------------------------- */

/* A slot has one allocation, which goes back as a whole. */
static s64 cma_alloc_into(struct area *area, u64 count, u32 align)
{
	struct page *page;
	int ret = area_room(area) < area->size ? -EINVAL : area_set_kind(area, AREA_CMA);

	if (ret)
		return ret;
	page = cma_alloc(machine.cma, count, align);
	if (!page)
		return -ENOMEM;
	for (u64 i = 0; i < count; i++)
		BUG_ON(!area_map_kernel_page(area, page + i));
	return (s64)count;
}

s64 op_cma_alloc(const struct op *op)
{
	struct area *area = area_of_slot((u32)op->arg[2]);
	s64 ret;

	mutex_lock(&area->lock);
	ret = cma_alloc_into(area, (u64)op->arg[0], (u32)op->arg[1]);
	mutex_unlock(&area->lock);
	return ret;
}

/* Verifies all pages and forgets them; the first of them, or NULL. area->lock held. */
static struct page *forget_pages(struct area *area, u64 *count)
{
	struct page *page;

	spin_lock(&area->ptl);
	page = area->used ? pfn_to_page(pte_pfn(area->pte[0])) : NULL;
	*count = area->used;
	for (u32 i = 0; i < *count; i++) {
		area_verify(area, i, area->pte[i]);
		area->pte[i] = 0;
	}
	area_count(area, -(s32)*count);
	spin_unlock(&area->ptl);
	return page;
}

s64 op_cma_release(const struct op *op)
{
	struct area *area = area_of_slot((u32)op->arg[0]);
	struct page *page = NULL;
	u64 count = 0;
	int ret;

	mutex_lock(&area->lock);
	ret = area_set_kind(area, AREA_CMA);
	if (!ret)
		page = forget_pages(area, &count);
	if (page)
		BUG_ON(!cma_release(machine.cma, page, count));
	mutex_unlock(&area->lock);
	return ret ? ret : (s64)count;
}

/* ---- balloons --------------------------------------------------------------------------------------------------- */

s64 op_inflate(const struct op *op)
{
	return balloon_inflate(area_of_slot((u32)op->arg[1]), (u32)op->arg[0]);
}

s64 op_deflate(const struct op *op)
{
	return balloon_deflate(area_of_slot((u32)op->arg[1]), (u32)op->arg[0]);
}

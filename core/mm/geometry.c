/* SPDX-License-Identifier: MIT */
#include "core/mm/geometry.h"

#include "core/core.h"
#include "core/rt/report.h"

/* Here the names are those of the members. */
#undef pageblock_order
#undef pageblock_nr_pages

struct geometry geometry;

struct geometry_row {
	const char *name;
	u32 page_shift, pageblock_order, max_order, subsection_pageblocks, section_pageblocks, block_sections;
	u32 costly_order, lru_batch, memmap_pages;
};

static const struct geometry_row geometry_rows[NR_GEOMETRIES] = {
#define GEOMETRY(id, text, ps, pbo, mo, ss, sp, bs, co, lb, mp)                                                        \
	[GEOMETRY_##id] = {text, ps, pbo, mo, ss, sp, bs, co, lb, mp},
#include "core/geometries.def"
#undef GEOMETRY
};

void geometry_of(struct geometry *g, u32 id, u32 blocks)
{
	const struct geometry_row *row;

	BUG_ON(id >= NR_GEOMETRIES);
	row = &geometry_rows[id];
	*g = (struct geometry){
		.name = row->name,
		.page_shift = row->page_shift,
		.pageblock_order = row->pageblock_order,
		.max_order = row->max_order,
		.costly_order = row->costly_order,
		.lru_batch = row->lru_batch,
		.memmap_pages = row->memmap_pages,
		.pageblock_nr_pages = 1u << row->pageblock_order,
		.pages_per_subsection = row->subsection_pageblocks << row->pageblock_order,
		.pages_per_section = row->section_pageblocks << row->pageblock_order,
		.section_shift = (u32)__builtin_ctz(row->section_pageblocks) + row->pageblock_order,
		.subsections_per_section = row->section_pageblocks / row->subsection_pageblocks,
		.pageblocks_per_section = row->section_pageblocks,
		.sections_per_block = row->block_sections,
		.pages_per_block = row->block_sections * row->section_pageblocks << row->pageblock_order,
	};
	g->max_pfn = (u64)blocks * g->pages_per_block;
	/* A free block never leaves its section, so its buddy's struct page exists whenever its own does. */
	BUG_ON(g->max_order >= NR_PAGE_ORDERS_MAX || BIT(g->max_order) > g->pages_per_section);
	BUG_ON(g->subsections_per_section > 64 || BIT(g->section_shift) != g->pages_per_section);
}

void geometry_set(u32 id, u32 blocks)
{
	geometry_of(&geometry, id, blocks);
}

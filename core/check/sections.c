/* SPDX-License-Identifier: MIT */
/* Laws of sections. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"

static u64 nr_sections(void)
{
	return geometry.max_pfn / PAGES_PER_SECTION;
}

const char *law_section_flags(void)
{
	for (u64 nr = 0; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);
		u64 word = ms ? ms->section_mem_map : 0;

		if (!(word & SECTION_MARKED_PRESENT) && word)
			return broken("section %llu is absent but its word is %#llx", (unsigned long long)nr,
				      (unsigned long long)word);
		if ((word & SECTION_IS_ONLINE) && !(word & SECTION_HAS_MEM_MAP))
			return broken("section %llu is online without a memmap", (unsigned long long)nr);
		if (!word && ms && ms->usage && ms->usage->subsection_map)
			return broken("section %llu is absent but has subsections %#llx", (unsigned long long)nr,
				      (unsigned long long)ms->usage->subsection_map);
	}
	return NULL;
}

const char *law_section_usage(void)
{
	for (u64 nr = 0; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);

		if (!ms || !(ms->section_mem_map & SECTION_HAS_MEM_MAP))
			continue;
		if (!ms->usage)
			return broken("section %llu is valid without usage", (unsigned long long)nr);
		if (!(ms->section_mem_map & SECTION_IS_EARLY) && !ms->usage->subsection_map)
			return broken("section %llu is valid without subsections", (unsigned long long)nr);
	}
	return NULL;
}

/* A section that is not early and has some subsections only: units of the memmap are there if one of theirs is. */
static const char *partial_memmap_wrong(u64 nr, u64 map)
{
	u64 first = section_nr_to_pfn(nr), pages = RT_MEMMAP_UNIT / sizeof(struct page);

	for (u64 pfn = first; pfn < first + PAGES_PER_SECTION; pfn += pages) {
		u64 from = (pfn - first) / PAGES_PER_SUBSECTION, to = (pfn + pages - 1 - first) / PAGES_PER_SUBSECTION;
		bool wanted = map >> from & (BIT(to - from + 1) - 1);

		if (rt_memmap_live(pfn_to_page(pfn)) != wanted)
			return broken("section %llu has subsections %#llx, the memmap of pfn %llu is %s",
				      (unsigned long long)nr, (unsigned long long)map, (unsigned long long)pfn,
				      wanted ? "missing" : "still there");
	}
	return NULL;
}

const char *law_section_memmap(void)
{
	for (u64 nr = 0; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);
		bool valid = ms && (ms->section_mem_map & SECTION_HAS_MEM_MAP);
		u64 map = valid ? ms->usage->subsection_map : 0;
		const struct page *first = pfn_to_page(section_nr_to_pfn(nr));
		const struct page *last = pfn_to_page(section_nr_to_pfn(nr + 1) - 1);

		if (valid && !(ms->section_mem_map & SECTION_IS_EARLY) &&
		    map != ~0ULL >> (64 - geometry.subsections_per_section)) {
			const char *wrong = partial_memmap_wrong(nr, map);

			if (wrong)
				return wrong;
			continue;
		}
		if (rt_memmap_live(first) != valid || rt_memmap_live(last) != valid)
			return broken("section %llu is %s, its memmap is %s", (unsigned long long)nr,
				      valid ? "valid" : "not valid", valid ? "missing" : "still there");
	}
	return NULL;
}

const char *law_section_highest(void)
{
	for (u64 nr = machine.highest_present_section_nr + 1; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);

		if (ms && (ms->section_mem_map & SECTION_MARKED_PRESENT))
			return broken("section %llu is present, the highest is said to be %llu", (unsigned long long)nr,
				      (unsigned long long)machine.highest_present_section_nr);
	}
	return NULL;
}

/*
 * Subsections of a section: those that were added have a memmap, others have none, as far as a unit of memmap is not
 * shared. Memory of a block is there as a whole, boot memory with the holes of its section.
 */
static const char *subsections_broken(u64 nr, const struct mem_section *ms)
{
	bool early = ms->section_mem_map & SECTION_IS_EARLY, own_units;
	u64 all = ~0ULL >> (64 - geometry.subsections_per_section), map = ms->usage->subsection_map;

	own_units = PAGES_PER_SUBSECTION * sizeof(struct page) >= RT_MEMMAP_UNIT;
	if ((map & ~all) || (!early && machine.blocks[section_nr_to_pfn(nr) / geometry.pages_per_block] && map != all))
		return broken("section %llu has subsections %#llx of %#llx", (unsigned long long)nr,
			      (unsigned long long)map, (unsigned long long)all);
	for (u32 i = 0; i < geometry.subsections_per_section; i++) {
		const struct page *first = pfn_to_page(section_nr_to_pfn(nr) + (u64)i * PAGES_PER_SUBSECTION);
		bool live = rt_memmap_live(first) && rt_memmap_live(first + PAGES_PER_SUBSECTION - 1);

		if ((early || map >> i & 1) ? !live : own_units && rt_memmap_live(first))
			return broken("section %llu: the memmap of subsection %u is %s", (unsigned long long)nr, i,
				      live ? "there" : "missing");
	}
	return NULL;
}

const char *law_section_subsections(void)
{
	for (u64 nr = 0; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);
		const char *wrong = NULL;

		if (ms && ms->usage && (ms->section_mem_map & SECTION_HAS_MEM_MAP))
			wrong = subsections_broken(nr, ms);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *law_section_early(void)
{
	for (u64 nr = 0; nr < nr_sections(); nr++) {
		const struct mem_section *ms = raw_section(nr);

		if (!ms || !(ms->section_mem_map & SECTION_IS_EARLY))
			continue;
		if (!ms->usage || !ms->usage->boot ||
		    !early_memory_pages(section_nr_to_pfn(nr), section_nr_to_pfn(nr + 1)))
			return broken("section %llu is early, but boot found no memory there", (unsigned long long)nr);
	}
	return NULL;
}

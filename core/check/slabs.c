/* SPDX-License-Identifier: MIT */
/* The laws of slabs. */
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/mm/machine.h"
#include "core/mm/slab.h"
#include "core/rt/cpu.h"

const char *law_slab_nodes(void)
{
	u64 nodes = machine.node_states[N_NORMAL_MEMORY];

	if (machine.slab->nodes != nodes)
		return broken("slab_nodes are %#llx, nodes with normal memory %#llx",
			      (unsigned long long)machine.slab->nodes, (unsigned long long)nodes);
	for (u32 id = 0; id < SLAB_CACHES; id++) {
		const struct kmem_cache *s = machine.slab->caches[id];

		for (u32 nid = 0; s && nid < machine_config.nodes; nid++)
			if (nodes & BIT(nid) && !s->node[nid])
				return broken("cache %u has nothing for node %u", id, nid);
	}
	return NULL;
}

/* What is wrong with a slab of the cache and node; NULL if nothing. */
static const char *slab_broken(const struct kmem_cache *s, u32 nid, const struct page *page)
{
	if (!raw_page_live(page) || !raw_page_flag(page, PG_slab) || page->_refcount.counter != 1 ||
	    page->mapping != (u64)s || raw_page_nid(page) != nid)
		return broken("cache %u, node %u: pfn %llu is none of its slabs", s->id, nid,
			      (unsigned long long)page_to_pfn(page));
	return NULL;
}

/* Slabs of a node's partial list; *@wrong says what is wrong. */
static s64 count_partial(const struct kmem_cache *s, u32 nid, const char **wrong)
{
	const struct list_head *head = &s->node[nid]->partial, *prev = head;
	s64 slabs = 0;

	for (const struct list_head *entry = head->next; entry != head; prev = entry, entry = entry->next) {
		const struct page *page = container_of(entry, struct page, lru);

		*wrong = slab_broken(s, nid, page);
		if (!*wrong &&
		    (entry->prev != prev || page->private & SLAB_FROZEN || !(page->private & SLAB_FREE_MASK)))
			*wrong = broken("cache %u, node %u lists pfn %llu, which is full or a CPU's", s->id, nid,
					(unsigned long long)page_to_pfn(page));
		if (*wrong)
			return 0;
		slabs++;
	}
	if ((u64)slabs != s->node[nid]->nr_partial)
		*wrong = broken("cache %u, node %u: nr_partial is %llu, %lld are listed", s->id, nid,
				(unsigned long long)s->node[nid]->nr_partial, (long long)slabs);
	return slabs;
}

/* Slabs that CPUs have; *@wrong says what is wrong. */
static s64 count_frozen(const struct kmem_cache *s, const char **wrong)
{
	s64 slabs = 0;

	for (u32 cpu = 0; cpu < machine_config.cpus; cpu++) {
		const struct page *page = per_cpu_ptr(s->cpu_slab, cpu)->slab;

		if (!page)
			continue;
		if (!cpu_online(cpu))
			*wrong = broken("cache %u: CPU %u is down and has a slab", s->id, cpu);
		else
			*wrong = slab_broken(s, raw_page_nid(page), page);
		if (!*wrong && !(page->private & SLAB_FROZEN))
			*wrong = broken("cache %u: the slab of CPU %u is not frozen", s->id, cpu);
		if (*wrong)
			return 0;
		slabs++;
	}
	return slabs;
}

/* Slabs that are on no list because all their objects are in use: the user has those. */
static s64 count_full(const struct kmem_cache *s, const struct slab_user *user, const char **wrong)
{
	s64 slabs = 0;

	for (u64 i = 0; i < user->used; i++) {
		const struct page *page = pfn_to_page(slab_object_pfn(user->object[i]));

		*wrong = slab_broken(s, raw_page_nid(page), page);
		if (!*wrong && page->private & slab_object_bit(user->object[i]))
			*wrong = broken("cache %u: object %#llx is in use and free", s->id,
					(unsigned long long)user->object[i]);
		if (*wrong)
			return 0;
		/* Once for each slab: at its first object. */
		slabs += !(page->private & (SLAB_FREE_MASK | SLAB_FROZEN)) && slab_object_bit(user->object[i]) == 1;
	}
	return slabs;
}

static const char *cache_broken(const struct kmem_cache *s, s64 *counted)
{
	const char *wrong = NULL;
	s64 slabs = count_frozen(s, &wrong), nr_slabs = 0;

	if (!wrong)
		slabs += count_full(s, &machine.slab->users[s->id], &wrong);
	for (u32 nid = 0; !wrong && nid < machine_config.nodes; nid++) {
		if (!s->node[nid])
			continue;
		nr_slabs += s->node[nid]->nr_slabs.counter;
		slabs += count_partial(s, nid, &wrong);
	}
	if (!wrong && slabs != nr_slabs)
		wrong = broken("cache %u counts %lld slabs, CPUs, lists and users know %lld", s->id,
			       (long long)nr_slabs, (long long)slabs);
	*counted += nr_slabs;
	return wrong;
}

const char *law_slab_pages(void)
{
	s64 slabs = 0;

	for (u32 id = 0; id < SLAB_CACHES; id++) {
		const char *wrong = machine.slab->caches[id] ? cache_broken(machine.slab->caches[id], &slabs) : NULL;

		if (wrong)
			return wrong;
	}
	if ((u64)slabs != census.slab_pages)
		return broken("caches count %lld slabs, %llu pages are", (long long)slabs,
			      (unsigned long long)census.slab_pages);
	return NULL;
}

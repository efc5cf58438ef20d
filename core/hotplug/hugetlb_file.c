/* SPDX-License-Identifier: MIT */
/* Files of the pool of huge pages, /sys/kernel/mm/hugepages and those of nodes (mm/hugetlb.c, 6.1). */
#include "core/hotplug/file.h"
#include "core/hotplug/kstrtox.h"
#include "core/mm/machine.h"

/* Under the lock, which 6.1 does not take: what one load would read there. */
static s64 show_number(const u64 *number, char *buf)
{
	struct hstate *h = &machine.hstate;
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&h->hugetlb_lock, flags);
	value = *number;
	spin_unlock_irqrestore(&h->hugetlb_lock, flags);
	return file_emit(buf, "%llu\n", (unsigned long long)value);
}

/* Decimal, unlike most numbers in files. (nr_hugepages_store_common()) */
static s64 store_nr(const char *text, s32 nid)
{
	u64 count;
	int ret = kstrtoull(text, 10, &count);

	return ret ? ret : set_nr_hugepages(count, nid);
}

/* ---- of a node -------------------------------------------------------------------------------------------------- */

static s64 node_nr_show(u64 id, char *buf)
{
	return show_number(&machine.hstate.nr_huge_pages_node[id], buf);
}

static s64 node_nr_store(u64 id, const char *text)
{
	return store_nr(text, (s32)id);
}

static s64 node_free_show(u64 id, char *buf)
{
	return show_number(&machine.hstate.free_huge_pages_node[id], buf);
}

static s64 node_surplus_show(u64 id, char *buf)
{
	return show_number(&machine.hstate.surplus_huge_pages_node[id], buf);
}

const struct file node_hugetlb_files[] = {
	{"nr_hugepages", node_nr_show, node_nr_store},
	{"free_hugepages", node_free_show, NULL},
	{"surplus_hugepages", node_surplus_show, NULL},
	{NULL, NULL, NULL},
};

/* ---- of all nodes ----------------------------------------------------------------------------------------------- */

#define POOL_FILE(name, number)                                                                                        \
	static s64 name##_show(u64 id, char *buf)                                                                      \
	{                                                                                                              \
		(void)id;                                                                                              \
		return show_number(&machine.hstate.number, buf);                                                       \
	}
POOL_FILE(nr_hugepages, nr_huge_pages)
POOL_FILE(free_hugepages, free_huge_pages)
POOL_FILE(resv_hugepages, resv_huge_pages)
POOL_FILE(surplus_hugepages, surplus_huge_pages)
POOL_FILE(nr_overcommit_hugepages, nr_overcommit_huge_pages)
#undef POOL_FILE

static s64 nr_hugepages_store(u64 id, const char *text)
{
	(void)id;
	return store_nr(text, NUMA_NO_NODE);
}

static s64 nr_overcommit_hugepages_store(u64 id, const char *text)
{
	u64 count;
	int ret = kstrtoull(text, 10, &count);

	(void)id;
	return ret ? ret : set_nr_overcommit_hugepages(count);
}

const struct file hugetlb_files[] = {
	{"nr_hugepages", nr_hugepages_show, nr_hugepages_store},
	{"nr_overcommit_hugepages", nr_overcommit_hugepages_show, nr_overcommit_hugepages_store},
	{"free_hugepages", free_hugepages_show, NULL},
	{"resv_hugepages", resv_hugepages_show, NULL},
	{"surplus_hugepages", surplus_hugepages_show, NULL},
	{NULL, NULL, NULL},
};

/* ---- /proc/sys/vm ----------------------------------------------------------------------------------------------- */

/* Without surplus pages, unlike the file above. (hugetlb_sysctl_handler()) */
s64 sysctl_nr_hugepages_show(u64 id, char *buf)
{
	(void)id;
	return show_number(&machine.hstate.max_huge_pages, buf);
}

s64 sysctl_nr_hugepages_store(u64 id, const char *text)
{
	u64 count;

	(void)id;
	return kstrtoull(text, 0, &count) ? -EINVAL : set_nr_hugepages(count, NUMA_NO_NODE);
}

s64 sysctl_nr_overcommit_hugepages_show(u64 id, char *buf)
{
	return nr_overcommit_hugepages_show(id, buf);
}

s64 sysctl_nr_overcommit_hugepages_store(u64 id, const char *text)
{
	u64 count;

	(void)id;
	return kstrtoull(text, 0, &count) ? -EINVAL : set_nr_overcommit_hugepages(count);
}

const char *in_hugetlb_folder(const char *text)
{
	unsigned long long kb = BIT(machine.hstate.order) << geometry.page_shift >> 10;
	char folder[FILE_TEXT_MAX];
	s64 len = file_emit(folder, "hugepages/hugepages-%llukB/", kb);

	for (s64 i = 0; i < len; i++)
		if (text[i] != folder[i])
			return NULL;
	return text + len;
}

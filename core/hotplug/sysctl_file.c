/* SPDX-License-Identifier: MIT */
/* Files of /proc/sys/vm (kernel/sysctl.c, mm/page_alloc.c, mm/compaction.c, 6.1). */
#include "core/hotplug/file.h"
#include "core/hotplug/kstrtox.h"
#include "core/mm/machine.h"
#include "core/mm/ops_mm.h"
#include "core/mm/pcp.h"
#include "core/range/compaction.h"

/* A number below @text's end of line, that a file takes: 0, or -EINVAL. (proc_dointvec_minmax: not even -ERANGE) */
static int number_of(const char *text, u32 *value)
{
	return kstrtouint(text, 0, value) ? -EINVAL : 0;
}

#define NUMBER_FILE(name, set)                                                                                         \
	static s64 name##_show(u64 id, char *buf)                                                                      \
	{                                                                                                              \
		(void)id;                                                                                              \
		return file_emit(buf, "%u\n", READ_ONCE(machine.vm.name));                                             \
	}                                                                                                              \
	static s64 name##_store(u64 id, const char *text)                                                              \
	{                                                                                                              \
		u32 value;                                                                                             \
		int ret = number_of(text, &value);                                                                     \
                                                                                                                       \
		(void)id;                                                                                              \
		return ret ? ret : set(value);                                                                         \
	}
NUMBER_FILE(min_free_kbytes, min_free_kbytes_set)
NUMBER_FILE(watermark_scale_factor, watermark_scale_factor_set)
NUMBER_FILE(percpu_pagelist_high_fraction, percpu_pagelist_high_fraction_set)
NUMBER_FILE(compaction_proactiveness, compaction_proactiveness_set)
#undef NUMBER_FILE

static s64 lowmem_reserve_ratio_show(u64 id, char *buf)
{
	s64 len = 0;

	(void)id;
	for (u32 zone = 0; zone < ARRAY_SIZE(machine.vm.lowmem_reserve_ratio); zone++)
		len += file_emit(buf + len, "%u\t", READ_ONCE(machine.vm.lowmem_reserve_ratio[zone]));
	/* Of ZONE_DEVICE, above which there is no zone. */
	return len + file_emit(buf + len, "0\n");
}

/* As many numbers as there are words, zone by zone; the rest stays. */
static s64 lowmem_reserve_ratio_store(u64 id, const char *text)
{
	u32 zone = 0;

	(void)id;
	while (*text) {
		char word[16];
		u32 len = 0, value;

		while (*text == ' ' || *text == '\t' || *text == '\n')
			text++;
		while (text[len] && text[len] != ' ' && text[len] != '\t' && text[len] != '\n' &&
		       len + 1 < sizeof(word))
			len++;
		if (!len)
			break;
		for (u32 i = 0; i < len; i++)
			word[i] = text[i];
		word[len] = '\0';
		text += len;
		if (number_of(word, &value))
			return -EINVAL;
		if (zone < ARRAY_SIZE(machine.vm.lowmem_reserve_ratio) && lowmem_reserve_ratio_set(zone, value))
			return -EINVAL;
		zone++;
	}
	return zone ? 0 : -EINVAL;
}

/* Whatever is written. (sysctl_compaction_handler: it never looked) */
static s64 compact_memory_store(u64 id, const char *text)
{
	u32 nid;

	(void)id;
	(void)text;
	for_each_node_state (nid, N_ONLINE)
		compact_node(nid);
	return 0;
}

/* 1: page cache, 2: slab, of which there is nothing to drop, 4: no message; and sums. (drop_caches_sysctl_handler) */
static s64 drop_caches_store(u64 id, const char *text)
{
	const struct op clean_pages = {.arg = {64}};
	u32 value;

	(void)id;
	if (number_of(text, &value) || value < 1 || value > 4)
		return -EINVAL;
	while (value & 1 && op_reclaim(&clean_pages) > 0)
		;
	return 0;
}

const struct file sysctl_files[] = {
	{"min_free_kbytes", min_free_kbytes_show, min_free_kbytes_store},
	{"watermark_scale_factor", watermark_scale_factor_show, watermark_scale_factor_store},
	{"percpu_pagelist_high_fraction", percpu_pagelist_high_fraction_show, percpu_pagelist_high_fraction_store},
	{"compaction_proactiveness", compaction_proactiveness_show, compaction_proactiveness_store},
	{"lowmem_reserve_ratio", lowmem_reserve_ratio_show, lowmem_reserve_ratio_store},
	{"nr_hugepages", sysctl_nr_hugepages_show, sysctl_nr_hugepages_store},
	{"nr_overcommit_hugepages", sysctl_nr_overcommit_hugepages_show, sysctl_nr_overcommit_hugepages_store},
	{"compact_memory", NULL, compact_memory_store},
	{"drop_caches", NULL, drop_caches_store},
	{NULL, NULL, NULL},
};

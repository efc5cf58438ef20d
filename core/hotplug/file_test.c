/* SPDX-License-Identifier: MIT */
/* Files: exact text of what is read, exact errno of every bad value written, and that a refused write changes nothing.
 */
#include "core/check/test_schedule.h"
#include "core/hotplug/kstrtox.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_failure.h"
#include "core/mm/machine.h"
#include "core/rt/atomic.h"

/* Tasks cannot use cmocka's assertions. */
static void check_equal(s64 found, s64 expect, int line)
{
	if (found != expect)
		rt_fail(VERDICT_bug, "test", "line %d: %lld, expected %lld", line, (long long)found, (long long)expect);
}
#define CHECK_EQUAL(found, expect) check_equal(found, expect, __LINE__)
#define CHECK(cond) check_equal(cond, true, __LINE__)

static void check_read(const char *path, const char *text)
{
	char buf[256];
	s64 ret = core_file_read(path, buf, sizeof(buf));

	if (ret < 0 || strcmp(buf, text) != 0)
		rt_fail(VERDICT_bug, "test", "%s reads %lld '%s', expected '%s'", path, (long long)ret,
			ret < 0 ? "" : buf, text);
}

static void check_write(const char *path, const char *data, s64 expect)
{
	s64 ret = core_file_write(path, data, strlen(data));

	if (ret != expect)
		rt_fail(VERDICT_bug, "test", "write '%s' to %s: %lld, expected %lld", data, path, (long long)ret,
			(long long)expect);
}

static void run_alone(void (*task)(void *arg))
{
	struct test_scenario s = test_scenario(8, 4);
	struct rt_result result;

	test_boot(&s);
	rt_task_create("a", 0, task, NULL);
	rt_set_strategy(NULL);
	rt_run(&result);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s [%s] %s", verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
	rt_reset();
}

/* ---- text of what is read -------------------------------------------------------------------------------------- */

static void reads_task(void *arg)
{
	(void)arg;
	check_read("block_size_bytes", "40000\n");
	check_read("/sys/devices/system/memory/block_size_bytes", "40000\n");
	check_read("auto_online_blocks", "offline\n");
	check_read("/sys/devices/system/node/possible", "0\n");
	check_read("/sys/devices/system/node/has_generic_initiator", "\n");
	check_read("memory3/state", "online\n");
	check_read("memory3/online", "1\n");
	check_read("memory3/removable", "1\n");
	check_read("memory3/phys_index", "00000003\n");
	check_read("memory3/phys_device", "0\n");
	check_read("memory3/valid_zones", "Normal\n");
	check_read("memory3/uevent", "");
	check_read("memory3/power/control", "auto\n");
	CHECK_EQUAL(core_plug_memory(0, 4 * 0x40000, 2 * 0x40000), 0);
	check_read("memory4/state", "offline\n");
	check_read("memory4/valid_zones", "Normal Movable\n");
	check_write("memory5/state", "online_movable\n", 15);
	check_read("memory5/valid_zones", "Movable\n");
	/* Inside no span of Movable, but beside it: the kernel zone is still first. */
	check_read("memory4/valid_zones", "Normal Movable\n");
	check_write("memory5/online", "0", 1);
	check_read("memory5/state", "offline\n");
	CHECK_EQUAL(core_eject_memory(4 * 0x40000), 0);
	CHECK_EQUAL(core_file_open("memory4/state", false), -ENOENT);
}

static void test_reads(void **state)
{
	(void)state;
	run_alone(reads_task);
}

/* ---- bad paths and bad values ---------------------------------------------------------------------------------- */

static void bad_paths_task(void *arg)
{
	static const char *const absent[] = {
		"memory8/state",    "memory03/state", "memory/state", "memory3", "memory3/states",
		"memory3x/state",   "/sys/nothing",   "probe",        "",        "memory-1/state",
		"memory3/../state", "/proc/sys/vm/"};
	static const char *const read_only[] = {"memory3/removable",   "memory3/phys_index",
						"memory3/phys_device", "memory3/valid_zones",
						"block_size_bytes",    "/sys/devices/system/node/online"};

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(absent); i++)
		CHECK_EQUAL(core_file_open(absent[i], false), -ENOENT);
	for (u32 i = 0; i < ARRAY_SIZE(read_only); i++) {
		CHECK_EQUAL(core_file_open(read_only[i], false), 0);
		CHECK_EQUAL(core_file_open(read_only[i], true), -EACCES);
		check_write(read_only[i], "1", -EACCES);
	}
}

static void test_bad_paths(void **state)
{
	(void)state;
	run_alone(bad_paths_task);
}

static void bad_values_task(void *arg)
{
	static const char *const bad_states[] = {"\n",         "garbage",       "ONLINE",    "online ",  " online",
						 "online\n\n", "onlin",         "online_",   "online2",  "1",
						 "remove",     "going-offline", "offline_x", "online\nx"};
	static const char *const bad_bools[] = {"2", "-1", "x", " 1", "o", "ox", "\n"};
	u64 before = core_state_hash();

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(bad_states); i++) {
		check_write("memory3/state", bad_states[i], -EINVAL);
		check_write("auto_online_blocks", bad_states[i], -EINVAL);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad_bools); i++)
		check_write("memory3/online", bad_bools[i], -EINVAL);
	check_write("memory3/state", "", 0);
	check_write("memory3/online", "", 0);
	/* "Already" is an error of one file and none of the other. */
	check_write("memory3/state", "online", -EINVAL);
	check_write("memory3/online", "yes", 3);
	check_write("memory3/online", "true", 4);
	check_write("memory3/online", "on", 2);
	CHECK(core_state_hash() == before);
	check_write("auto_online_blocks", "online_kernel\n", 14);
	check_read("auto_online_blocks", "online_kernel\n");
}

static void test_bad_values(void **state)
{
	(void)state;
	run_alone(bad_values_task);
}

static void tunables_task(void *arg)
{
	static const struct {
		const char *path, *text;
		s64 ret;
		const char *then; /* what the file reads */
	} writes[] = {
		{"/proc/sys/vm/min_free_kbytes", "-1", -EINVAL, NULL},
		{"/proc/sys/vm/min_free_kbytes", "x", -EINVAL, NULL},
		{"/proc/sys/vm/min_free_kbytes", "200", 3, "200\n"},
		{"/proc/sys/vm/watermark_scale_factor", "0", -EINVAL, "10\n"},
		{"/proc/sys/vm/watermark_scale_factor", "3001", -EINVAL, "10\n"},
		{"/proc/sys/vm/watermark_scale_factor", "3000", 4, "3000\n"},
		{"/proc/sys/vm/percpu_pagelist_high_fraction", "7", -EINVAL, "0\n"},
		{"/proc/sys/vm/percpu_pagelist_high_fraction", "8\n", 2, "8\n"},
		{"/proc/sys/vm/compaction_proactiveness", "101", -EINVAL, "20\n"},
		{"/proc/sys/vm/lowmem_reserve_ratio", "1 2 3", 5, "1\t2\t3\t0\t0\n"},
		{"/proc/sys/vm/lowmem_reserve_ratio", "1 x", -EINVAL, NULL},
		{"/proc/sys/vm/lowmem_reserve_ratio", " ", -EINVAL, NULL},
		{"/proc/sys/vm/compact_memory", "x", 1, NULL},
		{"/proc/sys/vm/drop_caches", "0", -EINVAL, NULL},
		{"/proc/sys/vm/drop_caches", "5", -EINVAL, NULL},
		{"/proc/sys/vm/drop_caches", "3", 1, NULL},
		{"/sys/devices/system/node/node0/compact", "x", 1, NULL},
		{"/sys/devices/system/node/node1/compact", "1", -ENOENT, NULL},
		{"/sys/module/memory_hotplug/parameters/online_policy", "garbage", -EINVAL, "contig-zones\n"},
		{"/sys/module/memory_hotplug/parameters/online_policy", "auto-movable", 12, "auto-movable\n"},
		{"/sys/module/memory_hotplug/parameters/auto_movable_ratio", "-1", -EINVAL, "301\n"},
		{"/sys/module/memory_hotplug/parameters/auto_movable_ratio", "50", 2, "50\n"},
		{"/sys/module/memory_hotplug/parameters/auto_movable_numa_aware", "maybe", -EINVAL, "Y\n"},
		{"/sys/module/memory_hotplug/parameters/auto_movable_numa_aware", "0", 1, "N\n"},
		{"/sys/module/memory_hotplug/parameters/memmap_on_memory", "1", -EACCES, "N\n"},
		{"memory3/uevent", "garbage", -EINVAL, NULL},
		{"memory3/uevent", "change", 6, ""},
		{"memory3/power/control", "off", -EINVAL, "auto\n"},
		{"memory3/power/control", "on\n", 3, "on\n"},
		{"memory9/power/control", "on", -ENOENT, NULL},
	};

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(writes); i++) {
		check_write(writes[i].path, writes[i].text, writes[i].ret);
		if (writes[i].then)
			check_read(writes[i].path, writes[i].then);
	}
}

static void test_tunables(void **state)
{
	(void)state;
	run_alone(tunables_task);
}

/* An injected errno comes back as it is, until it is taken away; nothing of the refused operation stays. */
static void injected_task(void *arg)
{
	static const char online[] = "/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_ONLINE/error";
	static const char offline[] = "/sys/kernel/debug/notifier-error-inject/memory/actions/MEM_GOING_OFFLINE/error";

	(void)arg;
	CHECK_EQUAL(core_plug_memory(0, 4 * 0x40000, 0x40000), 0);
	check_write(online, "-12", 3);
	check_write("memory4/state", "online_movable", -ENOMEM);
	check_write("memory4/state", "online", -ENOMEM);
	check_read("memory4/valid_zones", "Normal Movable\n");
	check_write(online, "0", 1);
	check_write("memory4/state", "online_movable", 14);
	check_write(offline, "-5000", 5);
	check_read(offline, "-4095\n");
	check_write("memory4/state", "offline", -4095);
	check_write(offline, "5", 1);
	check_read(offline, "0\n");
	check_write(offline, "garbage", -EINVAL);
	check_write("memory4/state", "offline", 7);
}

static void test_injected(void **state)
{
	(void)state;
	run_alone(injected_task);
}

/* ---- broken memory and huge pages ------------------------------------------------------------------------------- */

/* Addresses, not pfns; blocks 0 to 3 are online, 5 is offline, 4, 6 and 7 are not there. */
static void broken_task(void *arg)
{
	static const char soft[] = "soft_offline_page", hard[] = "hard_offline_page";
	static const char *const bad_numbers[] = {"garbage", "-1", " 1", "1 ", "0x", "\n", "18446744073709551616"};
	char buf[64];

	(void)arg;
	CHECK_EQUAL(core_plug_memory(0, 5 * 0x40000, 0x40000), 0);
	CHECK_EQUAL(core_file_read(soft, buf, sizeof(buf)), -EACCES);
	CHECK_EQUAL(core_file_read(hard, buf, sizeof(buf)), -EACCES);
	for (u32 i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		check_write(soft, bad_numbers[i], -EINVAL);
		check_write(hard, bad_numbers[i], -EINVAL);
	}
	check_write(soft, "0x180000", -ENXIO);
	check_write(hard, "0x180000", -ENXIO);
	check_write(soft, "0x7fffffffffff000", -ENXIO);
	check_write(hard, "0x7fffffffffff000", -ENXIO);
	check_write(soft, "0x140000", -EIO);
	check_write(hard, "0x140000", -ENXIO);
	CHECK_EQUAL(atomic_long_read(&machine.num_poisoned_pages), 0);
	check_write(soft, "0xff000\n", 8);
	check_write(soft, "0xff123", 7);
	check_write(hard, "0xff000", -EHWPOISON);
	check_write(hard, "1040384", 7);
	check_write(hard, "0xfe000", -EHWPOISON);
	check_write(soft, "0xfe000", 7);
	CHECK_EQUAL(atomic_long_read(&machine.num_poisoned_pages), 2);
	/* A page of the kernel does not move: soft says so and leaves it, hard marks it all the same. */
	CHECK_EQUAL(core_hold_kernel_page(0xf0), 0);
	check_write(soft, "0xf0000", -EIO);
	check_write(hard, "0xf0000", -EBUSY);
	check_write(hard, "0xf0000", -EHWPOISON);
	CHECK_EQUAL(atomic_long_read(&machine.num_poisoned_pages), 3);
	CHECK_EQUAL(unpoison_memory(0xf0), 0);
	core_release_kernel_page(0xf0);
}

/* pfns, not addresses; the files are there when the module is. */
static void inject_task(void *arg)
{
	static const char corrupt[] = "/sys/kernel/debug/hwpoison/corrupt-pfn";
	static const char unpoison[] = "/sys/kernel/debug/hwpoison/unpoison-pfn";
	char buf[64];

	(void)arg;
	CHECK_EQUAL(core_file_open(corrupt, true), -ENOENT);
	CHECK_EQUAL(core_load_module("hwpoison"), -ENOENT);
	CHECK_EQUAL(core_load_module("hwpoison-inject"), 0);
	CHECK_EQUAL(core_file_read(corrupt, buf, sizeof(buf)), -EACCES);
	check_write(corrupt, "x", -EINVAL);
	check_write(unpoison, "-1", -EINVAL);
	check_write(corrupt, "18446744073709551616", -ERANGE);
	check_write(unpoison, "18446744073709551616", -ERANGE);
	check_write(corrupt, "0x180", -ENXIO);
	check_write(unpoison, "0x180", -ENXIO);
	check_write(unpoison, "0xff", -EBUSY);
	check_write(corrupt, "0xff", 4);
	check_write(corrupt, "255", -EHWPOISON);
	check_write(unpoison, "0xff\n", 5);
	CHECK_EQUAL(atomic_long_read(&machine.num_poisoned_pages), 0);
}

static void test_inject(void **state)
{
	(void)state;
	run_alone(inject_task);
}

/* What a process loses with a page of it. */
static void lost_task(void *arg)
{
	char address[32];
	s64 pfn;

	(void)arg;
	CHECK_EQUAL(core_slot_alloc(0, true, 0, 3, -1), 3);
	pfn = core_slot_pfn(0, 1);
	CHECK_EQUAL(core_slot_lost(0), 0);
	snprintf(address, sizeof(address), "0x%llx", (unsigned long long)pfn << 12);
	check_write("hard_offline_page", address, (s64)strlen(address));
	CHECK_EQUAL(core_slot_lost(0), 1);
	CHECK_EQUAL(core_slot_pages_on(0, 0), 2);
	CHECK(core_slot_pfn(0, 1) != pfn && core_slot_pfn(0, 1) > 0);
	CHECK_EQUAL(core_slot_pfn(0, 2), -ENOENT);
}

static void test_lost(void **state)
{
	(void)state;
	run_alone(lost_task);
}

static void test_broken(void **state)
{
	(void)state;
	run_alone(broken_task);
}

/* A huge page is a pageblock of 8 pages here: 32 kB. */
static void hugetlb_task(void *arg)
{
	static const char pool[] = "/sys/kernel/mm/hugepages/hugepages-32kB/nr_hugepages";
	static const char node[] = "/sys/devices/system/node/node0/hugepages/hugepages-32kB/nr_hugepages";
	static const char overcommit[] = "/sys/kernel/mm/hugepages/hugepages-32kB/nr_overcommit_hugepages";
	static const char *const bad_numbers[] = {"garbage", "-1", " 1", "0x2", "\n", "2 2", ""};
	static const char *const read_only[] = {"free_hugepages", "surplus_hugepages"};
	char path[128];

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		s64 ret = *bad_numbers[i] ? -EINVAL : 0;

		check_write(pool, bad_numbers[i], ret);
		check_write(node, bad_numbers[i], ret);
		check_write(overcommit, bad_numbers[i], ret);
	}
	check_write(pool, "18446744073709551616", -ERANGE);
	check_write("/proc/sys/vm/nr_hugepages", "18446744073709551616", -EINVAL);
	check_write("/proc/sys/vm/nr_hugepages", "-1", -EINVAL);
	for (u32 i = 0; i < ARRAY_SIZE(read_only); i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node0/hugepages/hugepages-32kB/%s",
			 read_only[i]);
		check_write(path, "1", -EACCES);
		check_read(path, "0\n");
	}
	CHECK_EQUAL(core_file_open("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", false), -ENOENT);
	CHECK_EQUAL(core_file_open("/sys/devices/system/node/node1/hugepages/hugepages-32kB/nr_hugepages", false),
		    -ENOENT);
	check_write(node, "010\n", 4);
	check_read(node, "10\n");
	check_write("/proc/sys/vm/nr_hugepages", "010", 3);
	check_read("/proc/sys/vm/nr_hugepages", "8\n");
	check_read(pool, "8\n");
	CHECK_EQUAL(core_slot_alloc_huge(0, 9, 0), -ENOMEM);
	CHECK_EQUAL(core_slot_alloc_huge(0, 3, 7), -EINVAL);
	CHECK_EQUAL(core_slot_alloc_huge(0, 3, 0), 3);
	check_read("/sys/kernel/mm/hugepages/hugepages-32kB/free_hugepages", "5\n");
	/* What is in use stays, and is surplus: the sysctl does not count it. */
	check_write(pool, "1", 1);
	check_read(pool, "3\n");
	check_read("/proc/sys/vm/nr_hugepages", "1\n");
	check_read("/sys/devices/system/node/node0/hugepages/hugepages-32kB/surplus_hugepages", "2\n");
	check_write("/proc/sys/vm/nr_overcommit_hugepages", "3", 1);
	check_read(overcommit, "3\n");
	check_read("/sys/kernel/mm/hugepages/hugepages-32kB/resv_hugepages", "0\n");
}

static void test_hugetlb(void **state)
{
	(void)state;
	run_alone(hugetlb_task);
}

/* ---- files of all memory ---------------------------------------------------------------------------------------- */

static void check_contains(const char *path, const char *text)
{
	char buf[16384];
	s64 ret = core_file_read(path, buf, sizeof(buf));

	if (ret < 0 || !strstr(buf, text))
		rt_fail(VERDICT_bug, "test", "%s reads %lld, not '%s': %.2000s", path, (long long)ret, text, buf);
}

static void proc_task(void *arg)
{
	static const char *const paths[] = {"/proc/zoneinfo", "/proc/buddyinfo", "/proc/pagetypeinfo",
					    "/proc/vmstat",   "/proc/meminfo",   "/proc/iomem"};
	char whole[16384], part[20];
	s64 len;

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(paths); i++) {
		CHECK_EQUAL(core_file_open(paths[i], false), 0);
		CHECK_EQUAL(core_file_open(paths[i], true), 0);
		check_write(paths[i], "1", -EIO);
		/* Cut at the buffer's end, and said how long it is. */
		len = core_file_read(paths[i], whole, sizeof(whole));
		CHECK(len == (s64)strlen(whole) && len > (s64)sizeof(part));
		CHECK_EQUAL(core_file_read(paths[i], part, sizeof(part)), len);
		CHECK(strlen(part) == sizeof(part) - 1 && strncmp(part, whole, sizeof(part) - 1) == 0);
	}
	CHECK_EQUAL(core_plug_memory(0, 5 * 0x40000, 0x40000), 0);
	check_read("/proc/iomem", "00000000-000fffff : System RAM\n00140000-0017ffff : System RAM\n");
	check_write("memory5/state", "online_movable", 14);
	check_contains("/proc/zoneinfo", "Node 0, zone  Movable\n  pages free     64\n        boost    0\n");
	check_contains("/proc/zoneinfo",
		       "        spanned  64\n        present  64\n        managed  64\n        cma      0\n");
	check_contains("/proc/zoneinfo", "\n  start_pfn:           320\n");
	check_contains("/proc/buddyinfo", "Node 0, zone  Movable      0      0      0      0      4 \n");
	check_contains("/proc/pagetypeinfo", "Page block order: 3\nPages per block:  8\n\n");
	check_contains("/proc/pagetypeinfo",
		       "Node    0, zone  Movable, type      Movable      0      0      0      0      4 \n");
	check_contains("/proc/pagetypeinfo",
		       "Node 0, zone  Movable            0            8            0            0            0 \n");
	check_write("hard_offline_page", "0x140000", 8);
	check_contains("/proc/meminfo", "HardwareCorrupted:     4 kB\n");
	check_write("/proc/sys/vm/nr_hugepages", "2", 1);
	check_contains("/proc/meminfo", "HugePages_Total:       2\nHugePages_Free:        2\n");
	check_contains("/proc/meminfo", "Hugepagesize:         32 kB\nHugetlb:              64 kB\n");
	check_contains("/sys/devices/system/node/node0/meminfo", "Node 0 HugePages_Total:     2\n");
	check_contains("/sys/devices/system/node/node0/vmstat", "nr_free_pages ");
	check_read("/sys/devices/system/node/node0/distance", "10\n");
	check_write("/sys/devices/system/node/node0/meminfo", "1", -EACCES);
}

static void test_proc(void **state)
{
	(void)state;
	run_alone(proc_task);
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int ret;
		u64 value;
	} numbers[] = {
		{"0", 0, 0},
		{"+7", 0, 7},
		{"0x1f", 0, 31},
		{"010", 0, 8},
		{"12\n", 0, 12},
		{"", -EINVAL, 0},
		{"\n", -EINVAL, 0},
		{"x", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1\n\n", -EINVAL, 0},
		{"08", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
	};
	u64 wide;
	u32 narrow;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
		u64 value = 0;

		if (kstrtoull(numbers[i].text, 0, &value) != numbers[i].ret || value != numbers[i].value)
			fail_msg("'%s' reads as %llu", numbers[i].text, (unsigned long long)value);
	}
	assert_int_equal(kstrtoull("010", 10, &wide), 0);
	assert_int_equal(wide, 10);
	assert_int_equal(kstrtoull("0x10", 10, &wide), -EINVAL);
	assert_int_equal(kstrtoull("0x1F", 16, &wide), 0);
	assert_int_equal(wide, 31);
	assert_int_equal(kstrtouint("4294967295", 0, &narrow), 0);
	assert_int_equal(narrow, UINT32_MAX);
	assert_int_equal(kstrtouint("4294967296", 0, &narrow), -ERANGE);
}

/* ---- memory devices -------------------------------------------------------------------------------------------- */

static void busy_eject_task(void *arg)
{
	struct op alloc = test_op("alloc", 0, 0, 1, 0), release = test_op("free", 0, 0, 0, 0);

	(void)arg;
	CHECK_EQUAL(core_plug_memory(0, 4 * 0x40000, 2 * 0x40000), 0);
	CHECK_EQUAL(core_plug_memory(0, 4 * 0x40000, 0x40000), -EEXIST);
	CHECK_EQUAL(core_plug_memory(0, 6 * 0x40000 + 0x1000, 0x40000), -EINVAL);
	CHECK_EQUAL(core_eject_memory(6 * 0x40000 + 0x1000), 0);
	CHECK_EQUAL(core_eject_memory(7 * 0x40000), -ENODEV);
	check_write("memory4/state", "online_kernel", 13);
	check_write("memory5/state", "online_movable", 14);
	/* Fills the kernel zones until a page of block 4 is among them. */
	alloc.arg[2] = 64;
	for (s32 slot = 0; slot < 5; slot++) {
		alloc.arg[3] = slot;
		core_run_op(&alloc);
	}
	CHECK_EQUAL(core_eject_memory(4 * 0x40000), -EBUSY);
	/* What was movable came back in the zone that is now its default. */
	check_read("memory4/valid_zones", "Normal\n");
	check_read("memory5/valid_zones", "Normal\n");
	for (s32 slot = 0; slot < 5; slot++) {
		release.arg[0] = slot;
		core_run_op(&release);
	}
	CHECK_EQUAL(core_eject_memory(4 * 0x40000), 0);
	CHECK_EQUAL(core_block_node(4), -1);
}

static void test_busy_eject(void **state)
{
	(void)state;
	run_alone(busy_eject_task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),      cmocka_unit_test(test_bad_paths), cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_tunables),   cmocka_unit_test(test_injected),  cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_busy_eject), cmocka_unit_test(test_broken),    cmocka_unit_test(test_hugetlb),
		cmocka_unit_test(test_inject),     cmocka_unit_test(test_proc),      cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

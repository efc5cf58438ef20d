/* SPDX-License-Identifier: MIT */
/* The race detector: what it must see in some interleaving, and what must be silent in all of them. */
#include "core/rt/fiber/sanitizer.h"
#include "core/rt/fiber/testing.h"

#define LIMIT 200000

static void plain_write(void *arg)
{
	shared.x = (u64)arg;
}

static void plain_read(void *arg)
{
	(void)arg;
	(void)*(volatile u64 *)&shared.x;
}

static void marked_write(void *arg)
{
	WRITE_ONCE(shared.x, (u64)arg);
}

static void marked_read(void *arg)
{
	(void)arg;
	(void)READ_ONCE(shared.x);
}

static void exempt_read(void *arg)
{
	(void)arg;
	(void)data_race(*(volatile u64 *)&shared.x, "a statistic");
}

static void locked(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	shared.x++;
	spin_unlock(&shared.a);
}

static void wrong_lock(void *arg)
{
	(void)arg;
	spin_lock(&shared.b);
	shared.x++;
	spin_unlock(&shared.b);
}

static void publish(void *arg)
{
	(void)arg;
	shared.x = 1;
	smp_store_release(&shared.flag, 1);
}

static void publish_relaxed(void *arg)
{
	(void)arg;
	shared.x = 1;
	WRITE_ONCE(shared.flag, 1);
}

static void consume(void *arg)
{
	(void)arg;
	if (smp_load_acquire(&shared.flag))
		shared.y = shared.x;
}

static void increments(void *arg)
{
	(void)arg;
	shared.array[atomic_add_return(1, &shared.count)] = 1;
}

/* The last one to arrive reads what all the others wrote: only a fully ordered counter allows that. */
static void last_reads(void *arg)
{
	shared.array[(u64)arg] = 1;
	if (atomic_add_return(1, &shared.count) == 2)
		shared.x = shared.array[0] + shared.array[1];
}

static void last_reads_unordered(void *arg)
{
	shared.array[(u64)arg] = 1;
	atomic_add(1, &shared.count);
	if (atomic_read(&shared.count) == 2)
		shared.x = shared.array[0] + shared.array[1];
}

static void exclusive(void *arg)
{
	(void)arg;
	ASSERT_EXCLUSIVE_ACCESS(shared.x);
}

static void rcu_publish(void *arg)
{
	u64 *fresh = rt_kzalloc(64, OBJ_test);

	(void)arg;
	*fresh = 7;
	rcu_assign_pointer(shared.pointer, fresh);
}

static void rcu_reader(void *arg)
{
	u64 *p;

	(void)arg;
	rcu_read_lock();
	p = rcu_dereference(shared.pointer);
	if (p)
		BUG_ON(*p != 7);
	rcu_read_unlock();
}

struct row {
	const char *what;
	struct testing_task tasks[3];
	const char *signature; /* NULL: silent in all interleavings */
};

#define START "{task.start, task.start}"

static const struct row rows[] = {
	{"two writers", {{plain_write, 0, (void *)1}, {plain_write, 1, (void *)2}}, "race test object+0 " START},
	{"writer and reader", {{plain_write, 0, (void *)1}, {plain_read, 1, NULL}}, "race test object+0 " START},
	{"two readers", {{plain_read, 0, NULL}, {plain_read, 1, NULL}}, NULL},
	{"plain against marked write",
	 {{plain_read, 0, NULL}, {marked_write, 1, (void *)2}},
	 "race test object+0 " START},
	{"marked against plain write",
	 {{marked_read, 0, NULL}, {plain_write, 1, (void *)2}},
	 "race test object+0 " START},
	{"marked on both sides", {{marked_read, 0, NULL}, {marked_write, 1, (void *)2}}, NULL},
	{"two marked writers", {{marked_write, 0, (void *)1}, {marked_write, 1, (void *)2}}, NULL},
	{"exempt reader", {{exempt_read, 0, NULL}, {plain_write, 1, (void *)2}}, NULL},
	{"one lock", {{locked, 0, NULL}, {locked, 1, NULL}}, NULL},
	{"another lock", {{locked, 0, NULL}, {wrong_lock, 1, NULL}}, "race test object+0 " START},
	{"no lock", {{locked, 0, NULL}, {plain_read, 1, NULL}}, "race test object+0 " START},
	{"release and acquire", {{publish, 0, NULL}, {consume, 1, NULL}}, NULL},
	{"no release", {{publish_relaxed, 0, NULL}, {consume, 1, NULL}}, "race test object+0 " START},
	{"unique slots", {{increments, 0, NULL}, {increments, 1, NULL}}, NULL},
	{"counter that orders", {{last_reads, 0, (void *)0}, {last_reads, 1, (void *)1}}, NULL},
	{"exclusive against read", {{exclusive, 0, NULL}, {marked_read, 1, NULL}}, "race test object+0 " START},
	{"same CPU is no excuse",
	 {{plain_write, 0, (void *)1}, {plain_write, 0, (void *)2}},
	 "race test object+0 " START},
	{"RCU publication", {{rcu_publish, 0, NULL}, {rcu_reader, 1, NULL}}, NULL},
	/* the first of two concurrent readers, or marked writers, must not be forgotten for the second */
	{"two readers, then a writer",
	 {{plain_read, 0, NULL}, {plain_read, 1, NULL}, {plain_write, 0, (void *)3}},
	 "race test object+0 " START},
	{"two marked writers, then a reader",
	 {{marked_write, 0, (void *)1}, {marked_write, 1, (void *)2}, {plain_read, 0, NULL}},
	 "race test object+0 " START},
};

static void test_table(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct testing_task tasks[4] = {rows[i].tasks[0], rows[i].tasks[1], rows[i].tasks[2]};
		struct testing_tally tally = testing_all(tasks, LIMIT);

		if (!tally.complete || strcmp(tally.signature, rows[i].signature ? rows[i].signature : ""))
			print_error("%s: %lu runs, '%s'\n", rows[i].what, tally.runs, tally.signature);
		assert_true(tally.complete);
		assert_string_equal(tally.signature, rows[i].signature ? rows[i].signature : "");
		assert_int_equal(tally.runs, tally.verdicts[VERDICT_ok] + tally.verdicts[VERDICT_race]);
	}
}

/* Without any order between conflicting accesses each interleaving is a race, not only the unlucky ones. */
static void test_every_interleaving(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(LIMIT, {plain_write, 0, (void *)1}, {plain_read, 1, NULL});
	assert_true(tally.complete && tally.runs >= 2);
	assert_int_equal(tally.verdicts[VERDICT_race], tally.runs);
	tally = ALL(LIMIT, {last_reads_unordered, 0, (void *)0}, {last_reads_unordered, 1, (void *)1});
	assert_true(tally.complete);
	assert_true(tally.verdicts[VERDICT_race] > 0);
}

/* Vectors of readers are told from cells of earlier runs, however far the clocks have come. */
static void test_after_many_runs(void **state)
{
	(void)state;
	testing_boot(2, true, NULL);
	rt_set_strategy(NULL);
	for (u32 i = 0; i < 3000; i++)
		testing_expect(RUN({locked, 0, NULL}, {locked, 1, NULL}), VERDICT_ok, "");
	testing_script("abbb");
	testing_expect(RUN({plain_read, 0, NULL}, {plain_read, 1, NULL}, {plain_write, 0, (void *)3}), VERDICT_race,
		       "race test object+0 " START);
}

static void two_points(void *arg)
{
	point(op, begin, 1);
	shared.half[(u64)arg] = 1;
	point(op, end, 1);
	shared.y = 1;
}

static void reads_both(void *arg)
{
	(void)arg;
	point(op, begin, 2);
	(void)*(volatile u32 *)&shared.half[0];
	(void)*(volatile u64 *)&shared.y;
}

/* Both sides' semantic points are those of the accesses that race, not the tasks' latest; halves do not mix. */
static void test_places(void **state)
{
	const struct rt_result *result;

	(void)state;
	testing_boot(2, true, NULL);
	testing_script("aaaaaaaaab");
	result = RUN({two_points, 0, (void *)1}, {reads_both, 1, NULL});
	testing_expect(result, VERDICT_race, "race test object+8 {op.begin, op.end}");
	assert_int_equal(result->verdict.addr, RT_HEAP_BASE + 8);
	assert_non_null(strstr(result->verdict.detail, "write by a on cpu0 after op.end"));
	result = RUN({two_points, 0, (void *)0}, {reads_both, 1, NULL});
	testing_expect(result, VERDICT_race, "race test object+24 {op.begin, op.begin}");
}

static void irqsave_writer(void *arg)
{
	unsigned long flags;

	(void)arg;
	local_irq_save(flags);
	shared.x++;
	local_irq_restore(flags);
}

static void handler(void *info)
{
	(void)info;
	shared.x++;
}

static void sends(void *arg)
{
	(void)arg;
	BUG_ON(smp_call_function_single(0, handler, NULL, true));
}

static void preempt_off_writer(void *arg)
{
	(void)arg;
	preempt_disable();
	shared.x++;
	preempt_enable();
}

/* Per-CPU data: interrupts off orders against handlers and tasks of that CPU, preemption off against tasks only. */
static void test_per_cpu(void **state)
{
	struct testing_tally tally;

	(void)state;
	testing_boot(2, true, NULL);
	tally = ALL(LIMIT, {irqsave_writer, 0, NULL}, {sends, 1, NULL});
	assert_true(tally.complete);
	assert_string_equal(tally.signature, "");
	tally = ALL(LIMIT, {preempt_off_writer, 0, NULL}, {sends, 1, NULL});
	assert_true(tally.complete);
	assert_int_equal(tally.verdicts[VERDICT_race] > 0, 1);
	tally = ALL(LIMIT, {preempt_off_writer, 0, NULL}, {irqsave_writer, 0, NULL}, {preempt_off_writer, 0, NULL});
	assert_true(tally.complete);
	assert_string_equal(tally.signature, "");
	tally = ALL(LIMIT, {preempt_off_writer, 0, NULL}, {preempt_off_writer, 1, NULL});
	assert_int_equal(tally.verdicts[VERDICT_race], tally.runs);
}

static struct rt_read reads[16];
static u32 nr_reads;

static void keep_read(const struct rt_read *read)
{
	reads[nr_reads++ % ARRAY_SIZE(reads)] = *read;
}

static void named_writer(void *arg)
{
	(void)arg;
	point(walk, page, 0);
	WRITE_ONCE(shared.x, 1);
	point(walk, section_checked, 0);
	WRITE_ONCE(shared.y, 1);
	(void)READ_ONCE(shared.y); /* its own */
	atomic_inc(&shared.count);
}

static void named_reader(void *arg)
{
	(void)arg;
	point(pcp, drain, 0);
	(void)READ_ONCE(shared.x);
	(void)READ_ONCE(shared.x); /* nobody else was there in between */
	(void)READ_ONCE(shared.z); /* nobody wrote it */
	(void)data_race(*(volatile u64 *)&shared.x, "a look that is none of the detector's business");
	atomic_inc(&shared.count);
}

static void expect_read(u32 n, const void *addr, u32 writer)
{
	assert_int_equal(reads[n].addr, (u64)addr);
	assert_int_equal(reads[n].writer_semantic, writer);
	assert_int_equal(reads[n].semantic, POINT_pcp_drain);
}

/* Who reads from whom: other tasks of this run only, with the points both had passed. */
static void test_reads(void **state)
{
	/* Under TSan no access is quick: the second look at x is heard of as well. */
	const u32 expected = RT_TSAN ? 4 : 3;

	(void)state;
	testing_boot(2, true, NULL);
	rt_set_reads(keep_read);
	for (u32 times = 0; times < 2; times++) {
		nr_reads = 0;
		testing_expect(RUN({named_writer, 0, NULL}, {named_reader, 1, NULL}), VERDICT_ok, "");
		assert_int_equal(nr_reads, expected);
		for (u32 i = 0; i + 1 < expected; i++)
			expect_read(i, &shared.x, POINT_walk_page);
		expect_read(expected - 1, &shared.count, POINT_walk_section_checked);
	}
	nr_reads = 0;
	testing_expect(RUN({named_reader, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(nr_reads, 0);
	/* The last of two who wrote in no order. */
	testing_expect(RUN({marked_write, 0, NULL}, {named_writer, 1, NULL}, {named_reader, 0, NULL}), VERDICT_ok, "");
	assert_int_equal(nr_reads, expected);
	expect_read(0, &shared.x, POINT_walk_page);
	rt_set_reads(NULL);
	nr_reads = 0;
	testing_expect(RUN({named_writer, 0, NULL}, {named_reader, 1, NULL}), VERDICT_ok, "");
	assert_int_equal(nr_reads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),           cmocka_unit_test(test_every_interleaving),
		cmocka_unit_test(test_after_many_runs), cmocka_unit_test(test_places),
		cmocka_unit_test(test_per_cpu),         cmocka_unit_test(test_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

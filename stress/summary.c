/* SPDX-License-Identifier: MIT */
/* How a campaign ended, for people and as JSON. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "stress/campaign.h"

enum exit_status campaign_status(const struct campaign *c)
{
	if (c->broken)
		return EXIT_BROKEN;
	if (c->scenario.expect.set)
		return c->expected ? EXIT_HELD : EXIT_FOUND;
	return c->verdicts ? EXIT_FOUND : EXIT_HELD;
}

static void add_latency(const struct campaign *c, struct json_object *op, u32 id)
{
	struct latency latency = latency_of(c->round.latencies, id);

	json_object_object_add(op, "p50_us", json_object_new_double(latency.p50));
	json_object_object_add(op, "p99_us", json_object_new_double(latency.p99));
	json_object_object_add(op, "p999_us", json_object_new_double(latency.p999));
	json_object_object_add(op, "max_us", json_object_new_double(latency.max));
}

static struct json_object *json_ops(const struct campaign *c)
{
	struct json_object *ops = json_object_new_object();

	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_stats *stats = &c->before.op[op_infos[i].id];
		struct json_object *op = json_object_new_object(), *errors = json_object_new_object();

		for (u32 k = 0; k < OP_STATS_ERRNOS && stats->errnos[k].err; k++) {
			const char *name = strerrorname_np(stats->errnos[k].err);

			json_object_object_add(errors, name ? name : "ERESTARTSYS",
					       json_object_new_uint64(stats->errnos[k].count));
		}
		json_object_object_add(op, "attempts", json_object_new_uint64(stats->attempts));
		json_object_object_add(op, "successes", json_object_new_uint64(stats->successes));
		json_object_object_add(op, "errors", errors);
		add_latency(c, op, op_infos[i].id);
		json_object_object_add(ops, op_infos[i].name, op);
	}
	return ops;
}

/* As rcutorture: what readers had reached, and how many grace periods ended in their sections. */
static struct json_object *json_ages(const struct tally *tally)
{
	static const char *const names[] = {"in_use", "removed", "grace", "late", "freed"};
	struct json_object *rcu = json_object_new_object(), *ages = json_object_new_object();
	struct json_object *sections = json_object_new_array();

	_Static_assert(ARRAY_SIZE(names) == RT_AGES, "a name for each age");
	for (u32 i = 0; i < RT_AGES; i++)
		json_object_object_add(ages, names[i], json_object_new_uint64(tally->age[i]));
	for (u32 i = 0; i < RT_SECTION_GRACES; i++)
		json_object_array_add(sections, json_object_new_uint64(tally->section[i]));
	json_object_object_add(rcu, "reached", ages);
	json_object_object_add(rcu, "sections", sections);
	return rcu;
}

static void print_json(const struct campaign *c, double elapsed)
{
	struct json_object *root = json_object_new_object(), *found_list = json_object_new_array();

	for (u32 i = 0; i < c->nr_signatures; i++) {
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "signature", json_object_new_string(c->found[i].signature));
		json_object_object_add(entry, "folder", json_object_new_string(c->found[i].folder));
		json_object_object_add(entry, "count", json_object_new_int64(c->found[i].count));
		json_object_array_add(found_list, entry);
	}
	json_object_object_add(root, "command", json_object_new_string(c->command));
	json_object_object_add(root, "seconds", json_object_new_double(elapsed));
	json_object_object_add(root, "load_seconds", json_object_new_double((double)c->before.load_ns / 1e9));
	json_object_object_add(root, "cpu_seconds", json_object_new_double((double)c->before.cpu_ns / 1e9));
	json_object_object_add(root, "rounds", json_object_new_uint64(c->before.rounds));
	json_object_object_add(root, "passes", json_object_new_uint64(c->before.passes));
	json_object_object_add(root, "points", json_object_new_uint64(c->before.points));
	json_object_object_add(root, "files_read", json_object_new_uint64(c->before.files_read));
	json_object_object_add(root, "calm_blocks", json_object_new_uint64(c->before.calm_blocks));
	json_object_object_add(root, "calm_attempts", json_object_new_int64(c->before.calm_attempts));
	json_object_object_add(root, "rcu", json_ages(&c->before));
	json_object_object_add(root, "operations", json_ops(c));
	json_object_object_add(root, "found", found_list);
	json_object_object_add(root, "expected_occurred", json_object_new_boolean(c->expected));
	json_object_object_add(root, "status", json_object_new_int(campaign_status(c)));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

void campaign_print(const struct campaign *c, double elapsed)
{
	const struct scenario *s = &c->scenario;

	if (c->round.state->failed_boot_op)
		complain(EXIT_HELD, "boot operation %u failed: %s", c->round.state->failed_boot_op,
			 strerrorname_np((int)-c->round.state->failed_boot_value));
	if (c->options.json) {
		print_json(c, elapsed);
		return;
	}
	printf("%.1f s, %" PRIu64 " rounds, %" PRIu64 " passes, %" PRIu64 " operations, %" PRIu64 " points\n", elapsed,
	       c->before.rounds, c->before.passes, tally_ops(&c->before), c->before.points);
	tally_print(&c->before, c->round.latencies);
	if (s->expect.set && !c->expected)
		printf("expected %s %s, which did not occur in %.1f s\n", verdict_name(s->expect.kind), s->expect.words,
		       elapsed);
	else if (!c->verdicts)
		printf("nothing found%s\n", round_interrupted() ? " before the interruption" : "");
	for (u32 i = 0; i < c->nr_signatures && c->options.keep_going; i++)
		printf("%u times %s\n", c->found[i].count, c->found[i].signature);
}

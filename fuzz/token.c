/* SPDX-License-Identifier: MIT */
/*
 * Binary of a token: format byte, then numbers as LEB128 (seven bits a byte, low first) and strings with their length.
 * What a table keeps append-only is stored by id (operations, points, faults), the rest by name.
 */
#include "fuzz/token.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BINARY_MAX 32768
#define CHECKSUM_LEN 8

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool token_is(const char *text)
{
	while (*text == ' ' || *text == '\t' || *text == '\n')
		text++;
	return strncmp(text, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1) == 0;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

struct writer {
	u8 buf[BINARY_MAX];
	size_t len;
};

static void put_number(struct writer *w, u64 value)
{
	do {
		u8 byte = value & 0x7f;

		value >>= 7;
		if (w->len < BINARY_MAX)
			w->buf[w->len] = byte | (value ? 0x80 : 0);
		w->len++;
	} while (value);
}

static void put_signed(struct writer *w, s64 value)
{
	put_number(w, ((u64)value << 1) ^ (u64)(value >> 63));
}

static void put_string(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	put_number(w, len);
	if (w->len + len <= BINARY_MAX)
		memcpy(w->buf + w->len, text, len);
	w->len += len;
}

static void put_ranges(struct writer *w, const struct block_ranges *ranges)
{
	put_number(w, ranges->count);
	for (u32 i = 0; i < ranges->count; i++) {
		put_number(w, ranges->range[i].first);
		put_number(w, (u32)(ranges->range[i].last - ranges->range[i].first));
	}
}

static void put_switches(struct writer *w, const struct switches *sw)
{
	u32 n = 0;

	for (u32 i = 0; i < NR_DESIGNS; i++)
		n += sw->design[i] != design_infos[i].default_alternative;
	put_number(w, n);
	for (u32 i = 0; i < NR_DESIGNS; i++) {
		if (sw->design[i] == design_infos[i].default_alternative)
			continue;
		put_string(w, design_infos[i].name);
		put_string(w, alternative_infos[sw->design[i]].name);
	}
	n = 0;
	for (u32 i = 0; i < NR_BUGS; i++)
		n += sw->bug[i] != 0;
	put_number(w, n);
	for (u32 i = 0; i < NR_BUGS; i++) {
		if (sw->bug[i])
			put_string(w, bug_infos[i].name);
	}
}

static void put_machine(struct writer *w, const struct machine_config *m)
{
	put_number(w, m->geometry | (u64)m->topology << TOKEN_TOPOLOGY_SHIFT |
			      (u64)m->boot_params << TOKEN_BOOT_PARAMS_SHIFT | (u64)m->memory << TOKEN_MEMORY_SHIFT);
	put_number(w, m->cpus);
	put_number(w, m->nodes);
	put_number(w, m->blocks);
	put_ranges(w, &m->online);
	put_ranges(w, &m->normal);
	put_ranges(w, &m->movable);
	put_ranges(w, &m->offline);
	put_switches(w, &m->sw);
}

static void put_ops(struct writer *w, const struct op *op, u32 n, u32 *slots)
{
	put_number(w, n);
	for (u32 i = 0; i < n; i++) {
		const struct op_info *info = op_info_by_id(op[i].id);

		put_number(w, op[i].id);
		put_number(w, info->nr_args);
		for (u32 j = 0; j < info->nr_args; j++) {
			put_signed(w, op[i].arg[j]);
			if (info->arg[j].type == ARG_SLOT)
				*slots |= 1u << op[i].arg[j];
		}
	}
}

/* Names of the slots in @used that are not their number. */
static void put_slots(struct writer *w, const struct scenario *s, u32 used)
{
	char number[8];
	u32 named = 0;

	for (u32 i = 0; i < OP_SLOTS; i++) {
		snprintf(number, sizeof(number), "s%u", i);
		if ((used & 1u << i) && s->slot[i][0] && strcmp(s->slot[i], number) != 0)
			named |= 1u << i;
	}
	put_number(w, (u32)__builtin_popcount(named));
	for (u32 i = 0; i < OP_SLOTS; i++) {
		if (!(named & 1u << i))
			continue;
		put_number(w, i);
		put_string(w, s->slot[i]);
	}
}

static void put_entry(struct writer *w, const struct schedule *s, const struct schedule_entry *e)
{
	put_number(w, e->form);
	if (e->form == SCHEDULE_START) {
		put_number(w, e->target);
		return;
	}
	if (e->form == SCHEDULE_CHOICE) {
		put_number(w, e->choice);
		put_number(w, e->what);
		put_number(w, e->occurrence);
		put_number(w, e->value);
		return;
	}
	put_number(w, e->task);
	put_number(w, e->target);
	put_number(w, e->anchor);
	put_number(w, e->occurrence);
	if (e->form == SCHEDULE_SEMANTIC)
		return;
	put_number(w, e->count);
	if (e->form == SCHEDULE_RAW) {
		put_number(w, e->build);
		return;
	}
	put_number(w, (u32)__builtin_ctz(e->kind));
	put_string(w, schedule_object_name(s, e));
}

/* Only where there are some: tokens without are as they always were. */
static void put_laws(struct writer *w, const struct law_set *laws)
{
	u32 n = laws_count(laws);

	if (n)
		put_number(w, n);
	for (u32 law = 0; core_law_name(law); law++)
		if (laws_have(laws, law))
			put_string(w, core_law_name(law));
}

static void put_scenario(struct writer *w, const struct scenario *s)
{
	u32 slots = 0;

	put_number(w, TOKEN_BINARY_FORMAT);
	put_string(w, s->name);
	put_machine(w, &s->machine);
	put_number(w, s->seed);
	put_ops(w, s->boot_op, s->nr_boot_ops, &slots);
	put_number(w, s->nr_tasks);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		put_string(w, s->task[i].name);
		put_number(w, s->task[i].cpu);
		put_ops(w, s->task[i].op, s->task[i].nr_ops, &slots);
	}
	put_slots(w, s, slots);
	put_string(w, s->expect.set ? verdict_name(s->expect.kind) : "");
	if (s->expect.set)
		put_string(w, s->expect.words);
	put_number(w, s->schedule.count);
	for (u32 i = 0; i < s->schedule.count; i++)
		put_entry(w, &s->schedule, &s->schedule.entry[i]);
	put_laws(w, &s->laws);
}

ssize_t token_wrap(const u8 *binary, size_t len, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};

	if (len > BINARY_MAX || size < sizeof(TOKEN_PREFIX) + (len * 4 + 2) / 3 + 1 + CHECKSUM_LEN)
		return -ENOSPC;
	text_put(&out, TOKEN_PREFIX);
	for (size_t i = 0; i < len; i += 3) {
		size_t n = min((size_t)3, len - i);
		u32 bits = (u32)binary[i] << 16;

		bits |= n > 1 ? (u32)binary[i + 1] << 8 : 0;
		bits |= n > 2 ? binary[i + 2] : 0;
		for (size_t j = 0; j <= n; j++)
			buf[out.len++] = digits[bits >> (18 - 6 * j) & 63];
	}
	text_put(&out, ".%08x", XXH32(binary, len, 0));
	return (ssize_t)out.len;
}

ssize_t token_encode(const struct scenario *s, char *buf, size_t size)
{
	static struct writer w;

	w.len = 0;
	put_scenario(&w, s);
	return w.len > BINARY_MAX ? -ENOSPC : token_wrap(w.buf, w.len, buf, size);
}

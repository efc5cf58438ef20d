/* SPDX-License-Identifier: MIT */
#include "core/check/reference.h"

#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/resource.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/events.h"
#include "core/mm/machine.h"
#include "core/rt/report.h"
#include "core/rt/run.h"
#include "core/rt/task.h"

#include <stdarg.h>
#include <stdio.h>

enum op_id {
#define OP(id, name, weight, syntax, help) OP_##name = id,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

enum state { ABSENT, ADDING, OFFLINE, GOING_ONLINE, ONLINE, GOING_OFFLINE, REMOVING, NR_STATES };
static const char *const state_name[NR_STATES] = {"absent", "being added",   "offline",      "going online",
						  "online", "going offline", "being removed"};
#define IN(state) BIT(state)

/* An operation under way. */
struct performing {
	const struct op *op; /* NULL: none */
	u32 seen;            /* states its block was in since it began, a bit each */
	u32 done;            /* events it has made happen, a bit each */
	u32 faults;          /* failures injected into the run before it */
	u64 began_ns;
	s64 entries;    /* that it has added to its slot */
	bool contended; /* another isolates, too, some of the time */
	bool signalled; /* or the task was, since its last operation */
};

static struct {
	bool on;
	enum state block[REFERENCE_BLOCKS_MAX];
	s64 slot[OP_SLOTS];
	struct performing task[RT_MAX_TASKS];
} model;

static void __attribute__((noreturn, format(printf, 2, 3))) mismatch(const char *what, const char *fmt, ...)
{
	char signature[96], text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(signature, sizeof(signature), "mismatch %s", what);
	rt_fail(VERDICT_mismatch, signature, "%s", text);
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

/* The block an operation is about; REFERENCE_BLOCKS_MAX if it is about none. */
static u64 block_of(const struct op *op)
{
	switch (op->id) {
	case OP_add:
	case OP_online:
	case OP_offline:
	case OP_remove:
	case OP_isolate:
	case OP_offline_and_remove:
		return (u64)op->arg[0];
	default:
		return REFERENCE_BLOCKS_MAX;
	}
}

static u64 slot_of(const struct op *op)
{
	return op->id == OP_alloc ? (u64)op->arg[3] : op->id == OP_free ? (u64)op->arg[0] : OP_SLOTS;
}

static struct performing *performing_now(void)
{
	u32 id = current ? task_id(current) : RT_MAX_TASKS;

	return id < RT_MAX_TASKS ? &model.task[id] : NULL;
}

/* Boot blocks that no operation can take offline: they have holes, or belong to several zones. */
static bool odd_block(u64 id)
{
	const struct memory_block *mem = machine.blocks[id];
	u64 start_pfn = block_id_to_pfn(id), end_pfn = start_pfn + geometry.pages_per_block;

	return mem &&
	       (!mem->zone || (block_is_early(id) && early_memory_pages(start_pfn, end_pfn) != end_pfn - start_pfn));
}

static bool did(const struct performing *p, enum core_event event)
{
	return p->done >> event & 1;
}

static bool saw(const struct performing *p, u32 states)
{
	return p->seen & states;
}

static bool allocation_failed(const struct performing *p)
{
	return rt_faults_injected() != p->faults;
}

#define NO_FILE (IN(ABSENT) | IN(ADDING) | IN(REMOVING))

static bool add_may_return(const struct performing *p, s64 result)
{
	switch (result) {
	case 0:
		return did(p, EVENT_add_commit);
	case -EEXIST:
		/* Of a region that could not be registered, nobody knows why. */
		return saw(p, ~(u32)IN(ABSENT)) || did(p, EVENT_conflict) || allocation_failed(p);
	case -ENOMEM:
		return allocation_failed(p);
	default:
		return false;
	}
}

static bool online_may_return(const struct performing *p, s64 result)
{
	switch (result) {
	case 0:
		return did(p, EVENT_online_commit);
	case -ENODEV:
		return saw(p, NO_FILE);
	case -EINVAL:
		return saw(p, IN(ONLINE));
	case -EHWPOISON:
		return did(p, EVENT_poisoned);
	case -EPERM:
		return did(p, EVENT_veto);
	case -ENOMEM:
		return allocation_failed(p);
	case -EINTR:
		return p->signalled;
	default:
		return false;
	}
}

/* Refused for what is in the block or by whom it is asked; common to all who empty it. */
static bool emptying_may_return(const struct performing *p, s64 result)
{
	switch (result) {
	case -EBUSY:
		return did(p, EVENT_busy) || p->contended;
	case -EINTR:
		return p->signalled || rt_now_ns() - p->began_ns >= state_write_timeout_ns();
	case -EPERM:
		return did(p, EVENT_veto);
	case -ENOMEM:
		return allocation_failed(p);
	case -EINVAL:
		return odd_block(block_of(p->op));
	default:
		return false;
	}
}

static bool offline_may_return(const struct performing *p, s64 result)
{
	switch (result) {
	case 0:
		return did(p, EVENT_offline_commit);
	case -ENODEV:
		return saw(p, NO_FILE);
	case -EINVAL:
		return saw(p, IN(OFFLINE)) || emptying_may_return(p, result);
	default:
		return emptying_may_return(p, result);
	}
}

static bool remove_may_return(const struct performing *p, s64 result)
{
	switch (result) {
	case 0:
		return did(p, EVENT_remove_commit);
	case -ENODEV:
		/* Or of a device, which alone may remove it. */
		return saw(p, NO_FILE) || virtio_mem_has_block(block_of(p->op)) || did(p, EVENT_conflict);
	case -EBUSY:
		return saw(p, IN(ONLINE) | IN(GOING_ONLINE) | IN(GOING_OFFLINE));
	default:
		return false;
	}
}

static bool may_return(const struct performing *p, s64 result)
{
	switch (p->op->id) {
	case OP_add:
		return add_may_return(p, result);
	case OP_online:
		return online_may_return(p, result);
	case OP_offline:
		return offline_may_return(p, result);
	case OP_remove:
		return remove_may_return(p, result);
	case OP_offline_and_remove:
		return remove_may_return(p, result) || (result && emptying_may_return(p, result));
	case OP_isolate:
		return result == 0 || (result == -EBUSY && emptying_may_return(p, result));
	case OP_alloc:
		return p->entries == max(result, (s64)0);
	case OP_free:
		return p->entries == -max(result, (s64)0);
	default:
		return true;
	}
}

static bool isolates(const struct op *op)
{
	return op &&
	       (op->id == OP_isolate || op->id == OP_offline || op->id == OP_offline_and_remove || op->id == OP_eject);
}

/* Blocks that isolate at the same time may each find the other's pageblocks in the way. */
static void meet_isolators(struct performing *p)
{
	p->contended = false;
	for (u32 i = 0; isolates(p->op) && i < RT_MAX_TASKS; i++) {
		struct performing *other = &model.task[i];

		if (other == p || !isolates(other->op))
			continue;
		p->contended = other->contended = true;
	}
}

void reference_op_begin(const struct op *op)
{
	struct performing *p = performing_now();

	if (!model.on || !p)
		return;
	p->op = op;
	meet_isolators(p);
	p->done = 0;
	p->entries = 0;
	p->faults = rt_faults_injected();
	p->began_ns = rt_now_ns();
	p->seen = block_of(op) < machine_config.blocks ? (u32)IN(model.block[block_of(op)]) : 0;
}

void reference_op_end(const struct op *op, s64 result)
{
	struct performing *p = performing_now();
	char what[64];

	if (!model.on || !p)
		return;
	if (!may_return(p, result)) {
		snprintf(what, sizeof(what), "%s %lld", op_info_by_id(op->id)->name,
			 result > 0 ? 1LL : (long long)result);
		mismatch(what,
			 "%s of %d returned %lld; states of the block meanwhile %#x, events %#x, entries %lld, "
			 "signalled %d, failures %u",
			 op_info_by_id(op->id)->name, op->arg[0], (long long)result, p->seen, p->done,
			 (long long)p->entries, p->signalled, rt_faults_injected() - p->faults);
	}
	p->op = NULL;
	p->signalled = false;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

/* What a block must be for the event, and what it is then. */
static const struct {
	u32 from, to;
} change[NR_EVENTS] = {
	[EVENT_add_begin] = {IN(ABSENT), ADDING},
	[EVENT_add_commit] = {IN(ADDING), OFFLINE},
	[EVENT_add_undo] = {IN(ADDING), ABSENT},
	[EVENT_online_begin] = {IN(OFFLINE), GOING_ONLINE},
	[EVENT_online_commit] = {IN(GOING_ONLINE), ONLINE},
	[EVENT_online_undo] = {IN(GOING_ONLINE), OFFLINE},
	[EVENT_offline_begin] = {IN(ONLINE), GOING_OFFLINE},
	[EVENT_offline_commit] = {IN(GOING_OFFLINE), OFFLINE},
	[EVENT_offline_undo] = {IN(GOING_OFFLINE), ONLINE},
	[EVENT_remove_begin] = {IN(OFFLINE), REMOVING},
	[EVENT_remove_commit] = {IN(REMOVING), ABSENT},
};
static const char *const event_text[NR_EVENTS] = {
#define EVENT(id, text) [EVENT_##id] = text,
#include "core/events.def"
#undef EVENT
};

static void change_block(enum core_event event, u64 id)
{
	if (id >= machine_config.blocks || !(change[event].from >> model.block[id] & 1))
		mismatch("block state", "block %llu %s, though it is %s", (unsigned long long)id, event_text[event],
			 id < machine_config.blocks ? state_name[model.block[id]] : "none");
	model.block[id] = (enum state)change[event].to;
	for (u32 i = 0; i < RT_MAX_TASKS; i++)
		if (model.task[i].op && block_of(model.task[i].op) == id)
			model.task[i].seen |= (u32)IN(change[event].to);
}

/* Is what the core says is in the way? A page that is neither free nor offline, or whose pageblock is isolated or CMA.
 */
static bool in_the_way(u64 pfn)
{
	if (!raw_pfn_online(pfn) || raw_pageblock_type(pfn) == MIGRATE_CMA)
		return true;
	if (raw_pageblock_type(pfn) == MIGRATE_ISOLATE && !model.block[pfn / geometry.pages_per_block])
		return true;
	for (u64 order = 0; order <= geometry.max_order; order++) {
		const struct page *head = pfn_to_page(ALIGN_DOWN(pfn, BIT(order)));

		if (raw_pfn_online(page_to_pfn(head)) && raw_page_buddy(head) && head->private >= order)
			return raw_pageblock_type(pfn) == MIGRATE_ISOLATE;
	}
	return true;
}

static bool is_poisoned(u64 id)
{
	return machine.blocks[id] && machine.blocks[id]->nr_hwpoison.counter > 0;
}

static bool overlaps(u64 start, u64 size)
{
	const struct resource *res = machine.iomem;

	if (virtio_mem_has_block(start / memory_block_size_bytes()))
		return true;
	while (res && res->end < start)
		res = res->next;
	return res && res->start < start + size;
}

static void happens(enum core_event event, u64 what, s64 value)
{
	struct performing *p = performing_now();

	if (!model.on || !current)
		return;
	if (change[event].from)
		change_block(event, what);
	else if (event == EVENT_entry || event == EVENT_split)
		model.slot[what] += value;
	else if (event == EVENT_signal && what < RT_MAX_TASKS)
		model.task[what].signalled = true;
	else if (event == EVENT_freed && model.slot[what])
		mismatch("slot", "slot %llu has been freed, but %lld of its entries have not", (unsigned long long)what,
			 (long long)model.slot[what]);
	if (!p || !p->op || (event == EVENT_busy && !in_the_way(what)) ||
	    (event == EVENT_conflict && !overlaps(what, (u64)value)) || (event == EVENT_poisoned && !is_poisoned(what)))
		return;
	p->done |= (u32)BIT(event);
	if (event == EVENT_entry && what == slot_of(p->op))
		p->entries += value;
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static enum state state_now(u64 id)
{
	const struct memory_block *mem = machine.blocks[id];

	return !mem ? ABSENT : mem->state == BLOCK_ONLINE ? ONLINE : OFFLINE;
}

void reference_run_begins(void)
{
	model.on = rt_holds_still() && machine_config.blocks <= REFERENCE_BLOCKS_MAX;
	if (!model.on)
		return;
	for (u64 id = 0; id < machine_config.blocks; id++)
		model.block[id] = state_now(id);
	for (u32 slot = 0; slot < OP_SLOTS; slot++)
		model.slot[slot] = machine.areas[slot].used;
	for (u32 i = 0; i < RT_MAX_TASKS; i++) {
		model.task[i].op = NULL;
		model.task[i].signalled = false;
	}
}

void reference_check(void)
{
	for (u64 id = 0; model.on && id < machine_config.blocks; id++)
		if (state_now(id) != model.block[id])
			mismatch("block state", "block %llu is %s, and should be %s", (unsigned long long)id,
				 state_name[state_now(id)], state_name[model.block[id]]);
	for (u32 slot = 0; model.on && slot < OP_SLOTS; slot++)
		if (machine.areas[slot].used != model.slot[slot])
			mismatch("slot", "slot %u has %u entries, and should have %lld", slot, machine.areas[slot].used,
				 (long long)model.slot[slot]);
}

void reference_init(void)
{
	core_event_hook = happens;
	model.on = false;
}

/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/resync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"

static struct json_object *block_at(const struct oracle_state *s, u64 id)
{
	char name[24];

	snprintf(name, sizeof(name), "memory%" PRIu64, id);
	return json_at(s->recording->snapshot, "blocks", name, NULL);
}

static s32 node_of(struct json_object *block)
{
	return (s32)strtol(json_text(block, "nodes", "node0") + strlen("node"), NULL, 10);
}

/* Blocks of one node that follow each other come as one device. */
static void plug_missing(const struct oracle_state *s)
{
	for (u64 id = 0, end; id < s->machine->config.blocks; id = end) {
		struct json_object *block = block_at(s, id);

		end = id + 1;
		if (!block || core_block_node(id) >= 0)
			continue;
		while (block_at(s, end) && core_block_node(end) < 0 && node_of(block_at(s, end)) == node_of(block))
			end++;
		core_plug_memory(node_of(block), id * BLOCK_BYTES, (end - id) * BLOCK_BYTES);
	}
}

static void eject_surplus(const struct oracle_state *s)
{
	for (u64 id = 0; id < s->machine->config.blocks; id++)
		if (!block_at(s, id) && core_block_node(id) >= 0)
			core_eject_memory(id * BLOCK_BYTES);
}

/* What has to go offline first, then what has to come online, so that zones grow from what they keep. */
static void set_states(const struct oracle_state *s, bool online)
{
	for (u64 id = 0; id < s->machine->config.blocks; id++) {
		struct json_object *block = block_at(s, id);
		const char *state = json_text(block, "state", ""), *zone = json_text(block, "valid_zones", "");

		if (!block || core_block_node(id) < 0)
			continue;
		if (!online && block_reads(id, "state", "online") &&
		    (strcmp(state, "online") != 0 || !block_reads(id, "valid_zones", zone)))
			block_write_state(id, "offline");
		if (online && strcmp(state, "online") == 0 && block_reads(id, "state", "offline"))
			block_write_state(id, strcmp(zone, "Movable") == 0 ? "online_movable" : "online_kernel");
	}
}

void resync(struct oracle_state *s)
{
	const char *type = json_text(s->recording->snapshot, "auto_online_blocks", "offline");

	core_file_write("auto_online_blocks", "offline", strlen("offline"));
	set_states(s, false);
	eject_surplus(s);
	plug_missing(s);
	set_states(s, true);
	core_file_write("auto_online_blocks", type, strlen(type));
}

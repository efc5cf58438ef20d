/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool device_parse_range(const char *text, const char *name, u64 *start, u64 *size)
{
	const char *at = strstr(text, name), *line = at;
	unsigned long long first, last;

	if (!at)
		return false;
	while (line > text && line[-1] != '\n')
		line--;
	if (sscanf(line, " %llx-%llx", &first, &last) != 2)
		return false;
	*start = first;
	*size = last + 1 - first;
	return true;
}

bool device_range(struct json_object *lines, const char *name, u64 *start, u64 *size)
{
	for (size_t i = 0; lines && i < json_object_array_length(lines); i++)
		if (device_parse_range(json_object_get_string(json_object_array_get_idx(lines, i)), name, start, size))
			return true;
	return false;
}

s32 device_node(struct json_object *root, const char *kind)
{
	struct json_object *args = json_at(root, "qemu_args", NULL);

	for (size_t i = 0; args && i < json_object_array_length(args); i++) {
		const char *arg = json_object_get_string(json_object_array_get_idx(args, i));
		const char *node = strncmp(arg, kind, strlen(kind)) == 0 && arg[strlen(kind)] == ','
					   ? strstr(arg, ",node=")
					   : NULL;

		if (node)
			return (s32)strtoul(node + strlen(",node="), NULL, 10);
	}
	return -1;
}

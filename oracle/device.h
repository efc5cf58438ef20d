/* SPDX-License-Identifier: MIT */
/* Devices of the guest that bring memory, as the recording tells of them. */
#ifndef PFNSTORM_ORACLE_DEVICE_H
#define PFNSTORM_ORACLE_DEVICE_H

#include "oracle/recording.h"

/* The first line "100000000-17fffffff : virtio0" of @text whose name begins with @name: its range in bytes. */
bool device_parse_range(const char *text, const char *name, u64 *start, u64 *size);
/* The same of an iomem list of a snapshot. */
bool device_range(struct json_object *lines, const char *name, u64 *start, u64 *size);
/* The node of QEMU that "-device KIND,…,node=N" names; -1: there is no such device, or it names none. */
s32 device_node(struct json_object *root, const char *kind);

#endif

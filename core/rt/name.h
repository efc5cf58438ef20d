/* SPDX-License-Identifier: MIT */
/*
 * Addresses as names: "page[132].flags", "zone[Normal].present_pages", "section usage of section 4".
 *
 * The runtime knows windows and object types; the core registers who knows the fields. Names without indices
 * ("page.flags") are stable across runs and builds and are what schedules and signatures use.
 */
#ifndef PFNSTORM_RT_NAME_H
#define PFNSTORM_RT_NAME_H

#include "core/rt/types.h"

/* Writes the name of @addr (with or without indices) into @buf, always terminated; returns its length. */
size_t rt_name(u64 addr, bool with_index, char *buf, size_t size);
/* The core's decoder: returns false if it does not know the address. */
void rt_set_namer(bool (*namer)(u64 addr, bool with_index, char *buf, size_t size));

#endif

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
/*
 * A number for the name without indices, in less time: equal names, equal numbers, in every build. Never 0. For one
 * machine and its runs the core's decoder must go by type, size and offset of objects alone where it leaves indices
 * out.
 */
u32 rt_name_number(u64 addr);
/*
 * The core's decoder: returns false if it does not know the address. @page_size: the memmap is an array of structures
 * of that size.
 */
void rt_set_namer(bool (*namer)(u64 addr, bool with_index, char *buf, size_t size), size_t page_size);

#endif

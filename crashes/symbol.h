/* SPDX-License-Identifier: MIT */
/* Addresses of code as people read them. */
#ifndef PFNSTORM_CRASHES_SYMBOL_H
#define PFNSTORM_CRASHES_SYMBOL_H

#include <stddef.h>

/*
 * "function at file:line" of the instruction before @pc (a return address) in this process, as far as debug
 * information tells; "" if nothing is known or @pc is NULL.
 */
void symbol_describe(const void *pc, char *buf, size_t size);

#endif

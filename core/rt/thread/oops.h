/* SPDX-License-Identifier: MIT */
/* Faults: the signal handler that turns a bad access of the core into a verdict. */
#ifndef PFNSTORM_RT_THREAD_OOPS_H
#define PFNSTORM_RT_THREAD_OOPS_H

#include "core/rt/types.h"

/* Once per process; replaces what was installed for SIGSEGV and SIGBUS. */
void oops_install(void);
/* Each thread has a stack of its own for the handler. */
void oops_thread_start(void);
void oops_thread_end(void);
/* Verdict `oops` for an access of the calling thread to @addr by the instruction @pc in the function of @frame. */
void __attribute__((noreturn)) oops_at(u64 addr, void *pc, void *frame, bool write);
/* The same for an RCU reader that has not touched it, but reached it in a read section that has not ended yet. */
void __attribute__((noreturn)) oops_reached(u64 addr, void *pc, void *frame);
/* Runs @fn(@arg); false if a fault ended it. */
bool oops_survives(void (*fn)(void *arg), void *arg);

#endif

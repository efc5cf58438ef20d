/* SPDX-License-Identifier: MIT */
/*
 * The reference model: what operations may return, and what they do to the state that users see.
 *
 * It knows of each block whether it is absent, offline or online, and of each slot how many entries it has; nothing of
 * zones, lists or locks. The core tells it the steps that change this (core/events.def): beginning, commit and undoing
 * of each change. They happen one after the other, so replaying them as they come is linear in time and needs no
 * search. An operation may return
 *
 *   0, or a number     only if it has committed just that
 *   -ENODEV, -EEXIST,  only if the block was in a state that says so at some moment of the operation
 *   -EINVAL, -EBUSY
 *   -EBUSY             or with a witness: a page that was in the way when it was looked at, another isolator
 *   -EINTR             only after a signal, or if so much time has passed
 *   -EHWPOISON         only if the block has poisoned pages
 *   -ENOMEM, -EPERM    only if an allocation failed, a listener refused
 *
 * Otherwise the verdict is `mismatch`. So it is if the machine at rest is not what the model says.
 *
 * It watches where rt_holds_still(), on machines of up to REFERENCE_BLOCKS_MAX blocks. That an allocation may fail is
 * judged by the law in oom.c.
 */
#ifndef PFNSTORM_CHECK_REFERENCE_H
#define PFNSTORM_CHECK_REFERENCE_H

#include "core/core.h"

#define REFERENCE_BLOCKS_MAX 256

/* Boot, before the image is sealed. */
void reference_init(void);
/* At the start of each run: the model is the machine as it is then. */
void reference_run_begins(void);
/* Around each operation of a task, by core_run_op(). */
void reference_op_begin(const struct op *op);
void reference_op_end(const struct op *op, s64 result);
/* At quiescence: is the machine what the model says? */
void reference_check(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the fiber runtime tells ASan, TSan and MSan; empty in plain builds.
 *
 * The runtime itself is not instrumented (it touches poisoned memory on purpose, and its own state is shared by all
 * fibers without locks), so each of its sources lies between RT_UNINSTRUMENTED_BEGIN and RT_UNINSTRUMENTED_END.
 * TSan learns exactly the happens-before edges that our own detector has: fibers are always switched without
 * synchronisation, and hb_acquire()/hb_release() repeat each edge to it.
 */
#ifndef PFNSTORM_FIBER_SANITIZER_H
#define PFNSTORM_FIBER_SANITIZER_H

#include <stddef.h>
#include <stdint.h>

#if __has_feature(address_sanitizer)
#define RT_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define RT_ASAN 0
#endif

#if __has_feature(thread_sanitizer)
#define RT_TSAN 1
#include <sanitizer/tsan_interface.h>
#include <sanitizer/tsan_interface_atomic.h>
void __tsan_read_range(void *addr, unsigned long size);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void __tsan_write_range(void *addr, unsigned long size);
#else
#define RT_TSAN 0
#endif

#if __has_feature(memory_sanitizer)
#define RT_MSAN 1
#include <sanitizer/msan_interface.h>
void *__msan_memcpy(void *dst, const void *src, size_t size);
#else
#define RT_MSAN 0
#endif

#define RT_PRAGMA(text) _Pragma(#text)
#if RT_TSAN
/* not even function entries: a task that ends never returns from the last ones, and TSan would count them for ever */
#define RT_UNINSTRUMENTED_BEGIN                                                                                        \
	RT_PRAGMA(clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function))
#else
#define RT_UNINSTRUMENTED_BEGIN                                                                                        \
	RT_PRAGMA(clang attribute push(__attribute__((no_sanitize("address", "thread", "memory"))),                    \
				       apply_to = function))
#endif
#define RT_UNINSTRUMENTED_END _Pragma("clang attribute pop")

RT_UNINSTRUMENTED_BEGIN

/* Arena memory that may (not) be touched: the second line behind our own liveness check. */
static inline void san_poison(const void *addr, size_t size)
{
#if RT_ASAN
	__asan_poison_memory_region(addr, size);
#else
	(void)addr, (void)size;
#endif
}

static inline void san_unpoison(const void *addr, size_t size)
{
#if RT_ASAN
	__asan_unpoison_memory_region(addr, size);
#else
	(void)addr, (void)size;
#endif
}

/* Memory whose content nobody has chosen yet. */
static inline void san_uninitialised(const void *addr, size_t size)
{
#if RT_MSAN
	__msan_poison(addr, size);
#else
	(void)addr, (void)size;
#endif
}

static inline void san_initialised(const void *addr, size_t size)
{
#if RT_MSAN
	__msan_unpoison(addr, size);
#else
	(void)addr, (void)size;
#endif
}

/* The calling fiber publishes what it did so far at @sync, or learns what was published there. */
static inline void san_release(const void *sync)
{
#if RT_TSAN
	__tsan_release((void *)(uintptr_t)sync);
#else
	(void)sync;
#endif
}

static inline void san_acquire(const void *sync)
{
#if RT_TSAN
	__tsan_acquire((void *)(uintptr_t)sync);
#else
	(void)sync;
#endif
}

/* A marked access as TSan should see it. The value does not matter; the runtime performs the access itself. */
static inline void san_marked(const void *addr, size_t size, int write)
{
#if RT_TSAN
	void *p = (void *)(uintptr_t)addr;

	if (write) {
		if (size == 8)
			__tsan_atomic64_fetch_add(p, 0, __tsan_memory_order_relaxed);
		else if (size == 4)
			__tsan_atomic32_fetch_add(p, 0, __tsan_memory_order_relaxed);
		else if (size == 2)
			__tsan_atomic16_fetch_add(p, 0, __tsan_memory_order_relaxed);
		else
			__tsan_atomic8_fetch_add(p, 0, __tsan_memory_order_relaxed);
	} else {
		if (size == 8)
			__tsan_atomic64_load(p, __tsan_memory_order_relaxed);
		else if (size == 4)
			__tsan_atomic32_load(p, __tsan_memory_order_relaxed);
		else if (size == 2)
			__tsan_atomic16_load(p, __tsan_memory_order_relaxed);
		else
			__tsan_atomic8_load(p, __tsan_memory_order_relaxed);
	}
#else
	(void)addr, (void)size, (void)write;
#endif
}

/* Around code that runs on the fibers of tasks, yet is no part of what they do, and around data_race(). */
static inline void san_outside_begin(void)
{
#if RT_TSAN
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

static inline void san_outside_end(void)
{
#if RT_TSAN
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

static inline void san_plain_range(const void *addr, size_t size, int write)
{
#if RT_TSAN
	if (write)
		__tsan_write_range((void *)(uintptr_t)addr, size);
	else
		__tsan_read_range((void *)(uintptr_t)addr, size);
#else
	(void)addr, (void)size, (void)write;
#endif
}

/* Copies 256 bytes of arena with whatever a sanitizer knows about their content; poison is of no concern. */
static inline void san_copy_granule(void *dst, const void *src)
{
#if RT_MSAN
	__msan_memcpy(dst, src, 256);
#else
	__builtin_memcpy_inline(dst, src, 256);
#endif
}

RT_UNINSTRUMENTED_END

#endif

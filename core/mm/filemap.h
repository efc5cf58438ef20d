/* SPDX-License-Identifier: MIT */
/*
 * The page cache in small: areas of kind AREA_FILE (mm/filemap.c, mm/truncate.c, 6.1).
 *
 * An entry is a page of the file at that offset. The cache holds one reference; entries change under area->ptl, which
 * stands for i_pages, with the page locked. Clean pages can be dropped by reclaim and are read again.
 */
#ifndef PFNSTORM_MM_FILEMAP_H
#define PFNSTORM_MM_FILEMAP_H

#include "core/mm/area.h"

/*
 * Reads the first @count pages of the file: what is not in the cache is allocated and filled. Number of pages now
 * there; -ENOMEM none could be had, -EINVAL the area holds anonymous memory. Task context.
 */
s64 filemap_read(struct area *area, u32 count);
/* New content for every page in the cache, which are dirty then. Number of pages. Task context. */
s64 filemap_write(struct area *area);
/*
 * Writes dirty pages back: each is under writeback for a while, clean afterwards. Number of pages. Task context.
 * (write_cache_pages, 6.1)
 */
s64 filemap_writeback(struct area *area);
/* Drops the page at @index, dirty or not; waits for its writeback. Number of pages dropped, 0 or 1. area->lock held. */
s64 filemap_truncate(struct area *area, u32 index);
/*
 * Drops a clean page that nobody else uses: locked, and the caller's is the only reference besides the cache's. False
 * if it is in use. On success nobody holds a reference: the caller frees it. (__remove_mapping, 6.1)
 */
bool remove_mapping(struct page *page);
/*
 * Drops a broken page that the caller has locked and holds a reference on: what was not written back is lost. False: it
 * is not in the cache any more. (truncate_error_page(), mm/memory-failure.c, 6.1)
 */
bool filemap_drop_page(struct page *page);
/*
 * Migration: the entry of @src becomes that of @dst if @extra references are all there are besides the cache's and the
 * isolation's; both locked, @dst unknown to others. 0 or -EAGAIN. (folio_migrate_mapping, 6.1)
 */
int filemap_migrate_mapping(struct page *dst, struct page *src, s32 extra);
/* Sleeps until the page is not under writeback; it cannot begin again while it is locked. (6.1) */
void wait_on_page_writeback(struct page *page);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Readers of the content of any page against drivers that take pages away (mm/util.c, 6.1).
 *
 * A driver that marks pages as logically offline gives their memory back to a host, and nobody may read it any more.
 * Who reads pages that he has no reference to looks at the mark first; while pages are frozen, none gets it.
 */
#ifndef PFNSTORM_MM_PAGE_OFFLINE_H
#define PFNSTORM_MM_PAGE_OFFLINE_H

/* Boot. */
void page_offline_init(void);
/* Reader: pages that are not PageOffline() now stay so until page_offline_thaw(). May sleep; does not nest. (6.1) */
void page_offline_freeze(void);
void page_offline_thaw(void);
/* Driver: around setting PageOffline(). May sleep, as long as readers are frozen. (6.1) */
void page_offline_begin(void);
void page_offline_end(void);

#endif

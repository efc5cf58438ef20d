/* SPDX-License-Identifier: MIT */
/* Files that are complete or absent: written aside, synced, renamed. */
#ifndef PFNSTORM_CRASHES_FILE_H
#define PFNSTORM_CRASHES_FILE_H

#include <stddef.h>

/* Writes @text to the new file @dir/@name and syncs it. 0 or -errno. */
int file_write_synced(const char *dir, const char *name, const char *text);
/* Makes the entries of a directory durable. 0 or -errno. */
int file_sync_dir(const char *dir);
/* mkdir -p. 0 or -errno. */
int file_make_dirs(const char *path);
/* Removes a directory of plain files. */
void file_remove_dir(const char *dir);
/* Replaces or creates @path with @text, at once. 0 or -errno; on error @path is what it was. */
int file_replace(const char *path, const char *text);
/*
 * Makes @path of @bytes, at once: written to @aside, which is on the same disk and nobody else's, then renamed. Not
 * synced: for what can be made again. 0 or -errno; on error @path is what it was.
 */
int file_put(const char *aside, const char *path, const void *bytes, size_t size);
/* Reads a whole file; the caller frees the terminated text. NULL with errno set. */
char *file_read(const char *path, size_t *size);

#endif

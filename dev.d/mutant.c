/* SPDX-License-Identifier: MIT */
#include "core/rt/mutant.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned int chosen;
static unsigned char own[MUTANTS_MAX];
static unsigned char *reached = own;

/* Before main(), which may boot a machine: a mutant is a mutant from the first access on. */
__attribute__((constructor)) static void read_environment(void)
{
	const char *id = getenv("PFNSTORM_MUTANT"), *path = getenv("PFNSTORM_MUTANTS_REACHED");
	int fd;

	if (id)
		chosen = (unsigned int)strtoul(id, NULL, 10);
	if (!path)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, MUTANTS_MAX)) {
		perror(path);
		exit(2);
	}
	reached = mmap(NULL, MUTANTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (reached == MAP_FAILED) {
		perror(path);
		exit(2);
	}
}

int mutant_is(unsigned int id)
{
	/* Threads may note the same one at once. */
	if (!__atomic_load_n(&reached[id], __ATOMIC_RELAXED))
		__atomic_store_n(&reached[id], 1, __ATOMIC_RELAXED);
	return chosen == id;
}

void mutant_choose(unsigned int id)
{
	chosen = id;
}

unsigned char *mutants_reached(void)
{
	return reached;
}

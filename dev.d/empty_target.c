/* SPDX-License-Identifier: MIT */
/* A libFuzzer target that does nothing: what the engine itself costs, the peer of bench's execution rates. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

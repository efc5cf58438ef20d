/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
#include <elfutils/libdwfl.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crashes/symbol.h"

/* Part of every sanitizer's runtime; absent in plain builds. */
void __sanitizer_symbolize_pc(void *pc, const char *format, char *buf, size_t size) __attribute__((weak));

static void by_sanitizer(const void *pc, char *buf, size_t size)
{
	if (__sanitizer_symbolize_pc)
		__sanitizer_symbolize_pc((void *)pc, "%f at %s:%l", buf, size);
	buf[size - 1] = '\0';
}

#if PFNSTORM_PARTS
/* Build folders differ; what is below the source tree does not. */
static const char *without_build_path(const char *path)
{
	static const char *const folders[] = {"/core/", "/fuzz/", "/crashes/", "/stress/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *at = strstr(path, folders[i]);

		if (at)
			return at + 1;
	}
	return path;
}

/* By compilation unit: clang writes no address table, which the direct look-up would need. */
static Dwarf_Line *line_of(Dwfl_Module *module, Dwarf_Addr addr)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = NULL;

	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		if (dwarf_haspc(unit, addr - bias) > 0)
			return dwarf_getsrc_die(unit, addr - bias);
	return NULL;
}

static void by_debug_information(const void *pc, char *buf, size_t size)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwarf_Addr addr = (Dwarf_Addr)(uintptr_t)pc - 1;
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = NULL;
	const char *function = NULL, *file = NULL;
	Dwarf_Line *line;
	int number = 0;

	if (dwfl && dwfl_linux_proc_report(dwfl, getpid()) == 0 && dwfl_report_end(dwfl, NULL, NULL) == 0)
		module = dwfl_addrmodule(dwfl, addr);
	if (module) {
		function = dwfl_module_addrname(module, addr);
		line = line_of(module, addr);
		file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
		if (line)
			dwarf_lineno(line, &number);
	}
	if (function && file)
		snprintf(buf, size, "%s at %s:%d", function, without_build_path(file), number);
	else if (function)
		snprintf(buf, size, "%s", function);
	if (dwfl)
		dwfl_end(dwfl);
}
#endif

void symbol_describe(const void *pc, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!pc)
		return;
#if PFNSTORM_PARTS
	by_debug_information(pc, buf, size);
#endif
	if (!buf[0])
		by_sanitizer(pc, buf, size);
}

# SPDX-License-Identifier: MIT
# Flags of the four kinds of code: every file, core on fibers, the runtimes, and the rest.

set(PFNSTORM_WARNINGS -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith)
if(PFNSTORM_WERROR)
	list(APPEND PFNSTORM_WARNINGS -Werror)
endif()

# Of every file. Position independence is written out because the two supported clangs default differently; AFL++ loads
# its mutator as a shared object made of the same archives.
if(PFNSTORM_AFL)
	set(pic -fPIC)
else()
	set(pic -fPIE)
endif()
if(NOT PFNSTORM_ENGINE)
	set(debug -g)
	set(linker -fuse-ld=lld)
endif()
add_compile_options(${PFNSTORM_WARNINGS} ${debug} ${pic} -fno-omit-frame-pointer)
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> ${linker})
add_compile_definitions(_GNU_SOURCE)
include_directories(${PROJECT_SOURCE_DIR})

if(PFNSTORM_SANITIZE)
	add_compile_options(-fsanitize=${PFNSTORM_SANITIZE} -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${PFNSTORM_SANITIZE})
	if(PFNSTORM_SANITIZE MATCHES address)
		# Stack variables must stay on the fiber's stack, where the runtime looks for them.
		add_compile_options(-fsanitize-address-use-after-return=never)
	endif()
	if(PFNSTORM_SANITIZE MATCHES memory)
		add_compile_options(-fsanitize-memory-track-origins)
	endif()
endif()

if(PFNSTORM_COVERAGE)
	add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
	add_link_options(-fprofile-instr-generate)
endif()

# Core on fibers: one frozen set in every preset, so that the same run has the same scheduling points everywhere.
# The number of accesses changes with inlining, vectors and builtins; the callbacks need an edge type beside them.
if(PFNSTORM_AFL OR PFNSTORM_ENGINE_GLUE STREQUAL afl)
	set(edges trace-pc-guard)
else()
	set(edges inline-8bit-counters,pc-table)
endif()
set(PFNSTORM_FROZEN -O1 -fno-builtin -fno-vectorize -fno-slp-vectorize
	-fsanitize-coverage=${edges},trace-loads,trace-stores)
# In core a wild pointer is a finding, made by the callback (or by the signal handler on threads) just before the access;
# UBSan's checks of the same would end the process before it.
if(PFNSTORM_SANITIZE MATCHES undefined)
	set(PFNSTORM_CORE_CHECKS -fno-sanitize=null,alignment)
	list(APPEND PFNSTORM_FROZEN ${PFNSTORM_CORE_CHECKS})
endif()
set(PFNSTORM_UNOBSERVED -fno-sanitize-coverage=trace-loads,trace-stores -fno-sanitize=thread)
set(PFNSTORM_PLAIN -O2)
if(PFNSTORM_ENGINE)
	include(${CMAKE_CURRENT_LIST_DIR}/engine.cmake)
endif()

# AFL++'s driver adds its runtime at the link; it would drop trace-loads and trace-stores if it compiled.
if(PFNSTORM_AFL)
	set(CMAKE_C_LINK_EXECUTABLE "${CMAKE_COMMAND} -E env AFL_QUIET=1 ${PFNSTORM_AFL_CC} <FLAGS> <CMAKE_C_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
endif()

# SPDX-License-Identifier: MIT
# Flags where the sanitizer, the debug information and the coverage come from CFLAGS, as with OSS-Fuzz. What is taken back
# here is told, with the reasons, in fuzz/oss-fuzz/README.md.

# Stack variables must stay on the fiber's stack, where the runtime looks for them.
if(CMAKE_C_FLAGS MATCHES "sanitize=[a-z,-]*address")
	add_compile_options(-fsanitize-address-use-after-return=never)
endif()
# Hashes and counters wrap around.
add_compile_options(-fno-sanitize=unsigned-integer-overflow)
# A wild pointer in core is a finding of the callback before the access.
list(APPEND PFNSTORM_FROZEN -fno-sanitize=null,alignment)

# Core has the edges of the frozen set and no more: a comparison would be traced a million times a second, and how deep
# a fiber's stack is depends on where it lies. The rest has none but the readers (fuzz/CMakeLists.txt).
set(other trace-cmp,indirect-calls,stack-depth)
set(PFNSTORM_FROZEN -fno-sanitize-coverage=${other} ${PFNSTORM_FROZEN})
list(APPEND PFNSTORM_PLAIN -fno-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-pc-guard,${other})
if(PFNSTORM_ENGINE_GLUE STREQUAL afl)
	set(PFNSTORM_COUNTED -fsanitize-coverage=trace-pc-guard)
else()
	set(PFNSTORM_COUNTED -fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp,indirect-calls)
endif()

# The engine may be C++.
set(CMAKE_C_LINK_EXECUTABLE
	"${PFNSTORM_ENGINE_LINKER} <CMAKE_C_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")

# SPDX-License-Identifier: MIT
# cmake -DOUT=core_fingerprint.h -DSOURCE=<project> -P fingerprint.cmake: a hash of all that decides where scheduling
# points are counted. Written only when it changes.

file(GLOB_RECURSE files LIST_DIRECTORIES false ${SOURCE}/core/*.c ${SOURCE}/core/*.h ${SOURCE}/core/*.def
	${SOURCE}/core/*.S ${SOURCE}/cmake/flags.cmake)
list(FILTER files EXCLUDE REGEX "(_test|/testing|/bench_[^/]*)\\.c$|/rt/thread/")
list(SORT files)
set(hashes "")
foreach(file IN LISTS files)
	file(SHA256 ${file} hash)
	string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
set(text "#define PFNSTORM_CORE_FINGERPRINT \"${hash}\"\n")
set(old "")
if(EXISTS ${OUT})
	file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
	file(WRITE ${OUT} "${text}")
endif()

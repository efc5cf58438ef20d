# SPDX-License-Identifier: MIT
# Part libraries, all of them Debian packages. cmocka is a part of the tests only.

if(NOT PFNSTORM_ENGINE)
	find_library(cmocka cmocka REQUIRED)
endif()
add_library(cmocka INTERFACE)
target_link_libraries(cmocka INTERFACE ${cmocka})

if(NOT PFNSTORM_PARTS)
	return()
endif()

if(NOT PFNSTORM_URCU MATCHES "^(memb|mb|bp)$")
	message(FATAL_ERROR "PFNSTORM_URCU=${PFNSTORM_URCU}: expected memb, mb or bp")
endif()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(URCU REQUIRED IMPORTED_TARGET liburcu-${PFNSTORM_URCU})
pkg_check_modules(JSON REQUIRED IMPORTED_TARGET json-c)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(DW REQUIRED IMPORTED_TARGET libdw)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
string(TOUPPER ${PFNSTORM_URCU} urcu_flavour)

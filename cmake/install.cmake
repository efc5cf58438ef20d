# SPDX-License-Identifier: MIT
# Programs; seeds; pfnstorm.h with libpfnstorm.a, which has all below api/; the headers of core; pkg-config file.

get_target_property(kind core-fiber TYPE)
if(PFNSTORM_SANITIZE OR NOT kind STREQUAL STATIC_LIBRARY)
	return()
endif()
set(objects "")
foreach(library rt-fiber core-fiber pfn-fuzz pfn-api)
	list(APPEND objects $<TARGET_OBJECTS:${library}>)
endforeach()
add_library(pfnstorm-static STATIC ${objects})
set_target_properties(pfnstorm-static PROPERTIES OUTPUT_NAME pfnstorm)
install(TARGETS pfnstorm-static)
install(FILES api/pfnstorm.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pfnstorm)
install(DIRECTORY core DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pfnstorm
	FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN thread EXCLUDE)
install(DIRECTORY corpus DESTINATION ${CMAKE_INSTALL_DATADIR}/pfnstorm PATTERN kernel-6.1 EXCLUDE PATTERN bench EXCLUDE
	PATTERN planted EXCLUDE)
install(FILES fuzz/targets/blocks.dict DESTINATION ${CMAKE_INSTALL_DATADIR}/pfnstorm)
# From where the file lies: an installation may be moved, or made with another --prefix.
file(RELATIVE_PATH PFNSTORM_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/pfnstorm.pc.in pfnstorm.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pfnstorm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(PFNSTORM_PRESET STREQUAL release)
	pfn_shell_tests(${PROJECT_SOURCE_DIR}/cmake house)
endif()

# SPDX-License-Identifier: MIT
# Programs, and core on fibers as a library: headers below include/pfnstorm, archives, pkg-config file.

get_target_property(kind core-fiber TYPE)
if(PFNSTORM_SANITIZE OR NOT kind STREQUAL STATIC_LIBRARY)
	return()
endif()
set_target_properties(core-fiber PROPERTIES OUTPUT_NAME pfnstorm-core-fiber)
set_target_properties(rt-fiber PROPERTIES OUTPUT_NAME pfnstorm-rt-fiber)
install(TARGETS core-fiber rt-fiber)
install(DIRECTORY core DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pfnstorm
	FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN thread EXCLUDE)
configure_file(cmake/pfnstorm.pc.in pfnstorm.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pfnstorm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(PFNSTORM_PRESET STREQUAL release)
	pfn_shell_tests(${PROJECT_SOURCE_DIR}/cmake house)
endif()

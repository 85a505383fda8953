# install.cmake -- headers, both libraries, find_package(turso_sync) and a relocatable turso_sync.pc.
#
# Component "sdk" holds all of it: cmake --install build/release --prefix DIR --component sdk
include(CMakePackageConfigHelpers)
set(_package lib/cmake/turso_sync)

install(FILES turso.h turso_sync.h turso_cdc.h turso_sync.hpp turso_sync_turns.hpp turso_sync_host.hpp
        DESTINATION include COMPONENT sdk)
install(TARGETS turso_sync_shared turso_sync_static EXPORT turso_sync
        LIBRARY DESTINATION lib COMPONENT sdk NAMELINK_COMPONENT sdk
        ARCHIVE DESTINATION lib COMPONENT sdk
        RUNTIME DESTINATION bin COMPONENT sdk)
install(EXPORT turso_sync NAMESPACE turso:: FILE turso_sync-targets.cmake DESTINATION ${_package} COMPONENT sdk)

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/turso_sync-config.cmake.in"
  "${CMAKE_CURRENT_BINARY_DIR}/turso_sync-config.cmake" INSTALL_DESTINATION ${_package})
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/turso_sync-config-version.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/turso_sync-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/turso_sync-config-version.cmake"
        DESTINATION ${_package} COMPONENT sdk)

# The prefix is found from where the file lies, so that `cmake --install --prefix` and moving the tree both work.
configure_file("${CMAKE_CURRENT_LIST_DIR}/turso_sync.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/turso_sync.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/turso_sync.pc" DESTINATION lib/pkgconfig COMPONENT sdk)

# options.cmake -- compiler options of every target of ours (never of SQLite): link turso_options.
find_package(Threads REQUIRED)

add_library(turso_options INTERFACE)
target_link_libraries(turso_options INTERFACE Threads::Threads)
if(TURSO_SYNC_DEVELOPER)
  target_compile_options(turso_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<CONFIG:Debug>:-Werror>)
  # With -O2, g++ 12 takes an empty std::optional for an uninitialised one.
  target_compile_options(turso_options INTERFACE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-maybe-uninitialized>)
endif()

if(TURSO_SYNC_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TURSO_SYNC_TSAN)
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(TURSO_SYNC_FUZZ)
  # Undefined behaviour ends a fuzz run. Not asked for: offsets to a null pointer, which RapidJSON's empty stack adds.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()

# turso_layer(<name> SOURCES ... DEPENDS ...): one layer of core/ as an object library `turso_<name>`.
# Consumers link `turso_core`, which holds every layer; a layer names only what it may include.
function(turso_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(turso_${name} OBJECT ${arg_SOURCES})
  target_include_directories(turso_${name} PUBLIC "${PROJECT_SOURCE_DIR}/core")
  target_link_libraries(turso_${name} PRIVATE turso_options)
  foreach(dependency IN LISTS arg_DEPENDS)
    # Object files must not be linked twice, so only the include paths and definitions travel.
    target_include_directories(turso_${name} PUBLIC $<TARGET_PROPERTY:turso_${dependency},INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_options(turso_${name} PUBLIC $<TARGET_PROPERTY:turso_${dependency},INTERFACE_COMPILE_OPTIONS>)
    target_compile_definitions(turso_${name} PUBLIC $<TARGET_PROPERTY:turso_${dependency},INTERFACE_COMPILE_DEFINITIONS>)
  endforeach()
  set_property(GLOBAL APPEND PROPERTY TURSO_LAYERS turso_${name})
endfunction()

# sqlite.cmake -- finds the SQLite amalgamation and generates the header that renames its symbols.
#
# Sets TURSO_SQLITE_SOURCE_DIR (has sqlite3.c and sqlite3.h) and TURSO_SQLITE_RENAME_HEADER.
# The source is a folder named by -DTURSO_SQLITE_DIR=, or the npm package pinned, with its integrity hash,
# by third_party/sqlite/package-lock.json.

set(TURSO_SQLITE_DIR "" CACHE PATH "Folder with sqlite3.c and sqlite3.h; empty: taken from the lock file by npm")
set(TURSO_SQLITE_VERSION "3.53.2")

if(TURSO_SQLITE_DIR)
  set(TURSO_SQLITE_SOURCE_DIR "${TURSO_SQLITE_DIR}")
else()
  # One download serves all build folders of a checkout.
  set(_stage "${CMAKE_CURRENT_SOURCE_DIR}/build/sqlite-source")
  set(TURSO_SQLITE_SOURCE_DIR "${_stage}/node_modules/better-sqlite3/deps/sqlite3")
  file(SHA256 "${CMAKE_CURRENT_SOURCE_DIR}/third_party/sqlite/package-lock.json" _lock)
  set(_have "")
  if(EXISTS "${_stage}/lock.sha256")
    file(READ "${_stage}/lock.sha256" _have)
  endif()
  if(NOT _have STREQUAL _lock OR NOT EXISTS "${TURSO_SQLITE_SOURCE_DIR}/sqlite3.c")
    message(STATUS "SQLite: npm ci of third_party/sqlite")
    find_program(NPM npm REQUIRED)
    file(MAKE_DIRECTORY "${_stage}")
    file(COPY third_party/sqlite/package.json third_party/sqlite/package-lock.json DESTINATION "${_stage}")
    execute_process(
      COMMAND "${NPM}" ci --ignore-scripts --no-audit --no-fund --loglevel=error
      WORKING_DIRECTORY "${_stage}" RESULT_VARIABLE _rc OUTPUT_VARIABLE _out ERROR_VARIABLE _out)
    if(NOT _rc EQUAL 0)
      message(FATAL_ERROR "npm ci of third_party/sqlite failed:\n${_out}")
    endif()
    file(WRITE "${_stage}/lock.sha256" "${_lock}")
  endif()
endif()

file(STRINGS "${TURSO_SQLITE_SOURCE_DIR}/sqlite3.h" _version REGEX "^#define SQLITE_VERSION +\"")
if(NOT _version MATCHES "\"${TURSO_SQLITE_VERSION}\"")
  message(FATAL_ERROR "SQLite in ${TURSO_SQLITE_SOURCE_DIR}: ${_version}; ${TURSO_SQLITE_VERSION} expected")
endif()

# Every external symbol of the amalgamation gets the prefix turso_, so that no other SQLite of the process
# can meet ours, in shared libraries, static archives and iOS pods alike.
set(TURSO_SQLITE_GENERATED_DIR "${CMAKE_CURRENT_BINARY_DIR}/sqlite-generated")
set(TURSO_SQLITE_RENAME_HEADER "${TURSO_SQLITE_GENERATED_DIR}/turso_sqlite_rename.h")
find_package(Python3 REQUIRED COMPONENTS Interpreter)
execute_process(
  COMMAND "${Python3_EXECUTABLE}" "${CMAKE_CURRENT_SOURCE_DIR}/scripts/sqlite_rename.py"
          "${TURSO_SQLITE_SOURCE_DIR}/sqlite3.c" "${TURSO_SQLITE_SOURCE_DIR}/sqlite3.h" "${TURSO_SQLITE_RENAME_HEADER}"
  RESULT_VARIABLE _rc)
if(NOT _rc EQUAL 0)
  message(FATAL_ERROR "scripts/sqlite_rename.py failed")
endif()

# One list, so that `turso-sync version`, the tests and the packages say the same. DISABLE_INTRINSIC
# and friends are not wanted: these are the options of architecture decision 3 and what they imply.
set(TURSO_SQLITE_DEFINITIONS
    SQLITE_THREADSAFE=2
    SQLITE_DQS=0
    SQLITE_DEFAULT_WAL_SYNCHRONOUS=1
    SQLITE_ENABLE_PREUPDATE_HOOK
    SQLITE_ENABLE_SESSION
    SQLITE_ENABLE_DBPAGE_VTAB
    SQLITE_ENABLE_COLUMN_METADATA
    SQLITE_ENABLE_FTS5
    SQLITE_ENABLE_RTREE
    SQLITE_ENABLE_MATH_FUNCTIONS
    SQLITE_OMIT_SHARED_CACHE
    SQLITE_LIKE_DOESNT_MATCH_BLOBS)

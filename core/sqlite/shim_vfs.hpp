// shim_vfs.hpp -- the VFS that every connection of ours to a replica's P goes through.
//
// It passes everything to the default VFS. It stands there because (a) failpoints (base/failpoint.hpp) must
// reach SQLite's own writes, truncations, syncs and deletes of P, P-wal and P-journal, and (b) what the WAL
// file goes through must be seen where it happens, keyed by the file name that SQLite passes to xOpen.
// Shared memory, locks and reads are never touched.
#pragma once

namespace turso::sqlite {

inline constexpr const char* kShimVfsName = "turso-shim";

// Registers the shim on the first call, never as the default; thread-safe. Answers its name, for
// Connection::Options::vfs. Null only when SQLite is out of memory.
const char* shim_vfs();

}  // namespace turso::sqlite

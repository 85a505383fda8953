// wal_watch.hpp -- a VFS that lets a WalTracker look at a write-ahead log before it is overwritten.
//
// It passes everything to the VFS below. Files opened as a write-ahead log whose path has a tracker are
// wrapped: the write at offset 0 that begins a new generation, a truncation and a deletion first let the
// tracker absorb what is about to be lost. Paths are the full ones that SQLite passes to xOpen.
#pragma once

#include <memory>
#include <string>

#include "sqlite/wal_frames.hpp"

namespace turso::sqlite {

// Registers the VFS on the first call, never as the default; thread-safe. Its name, for Connection::Options::vfs.
const char* wal_watch_vfs();

// The log of the database at `path` as SQLite will name it: links resolved, relative paths completed.
std::string wal_path_of(const std::string& path);

// From here to the end of the WalWatch, `tracker` sees what connections through this VFS do to its log.
// One per log: the last one registered counts.
class WalWatch {
 public:
  explicit WalWatch(std::shared_ptr<WalTracker> tracker);
  ~WalWatch();
  WalWatch(const WalWatch&) = delete;
  WalWatch& operator=(const WalWatch&) = delete;

 private:
  std::shared_ptr<WalTracker> tracker_;
};

}  // namespace turso::sqlite

// overlay_vfs.hpp -- a database image made of layers, that one private connection may change at will.
//
//   read of page p:   modified here (memory, then spill file)  ->  layers, first that holds p  ->  zeros
//   write of page p:  into the map; above memory_pages_max new pages go to a slot of the spill file, an
//                     anonymous file that is gone when the overlay is. A page lives in one place only.
//
// One object per pull, one connection over it (staging), used by one thread. Nothing is ever written to the
// layers, nothing survives the object. What must stay true:
//   - xTruncate(n) drops modified pages > n and hides all layers above n for good (low_limit). A page that
//     comes back by growth reads as zeros, never as what a layer once had there.
//   - Page 1 is served with bytes 18 and 19 = 1: with 2 SQLite would open a WAL and ask for shared memory.
//   - The first failure (a layer's read or sum, the spill file) is kept in error() and repeated by every later
//     read and write. SQLite rolls back after it and later statements fail with "no such table", which must
//     never look like a rejected change: check error() after each failed statement and before publishing.
//   - The lock-byte page is not a page of the image: reads give zeros, writes to it are dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/page_source.hpp"

namespace turso::sqlite {

class Overlay {
 public:
  struct Options {
    std::uint32_t page_size = limits::kSyncPageSize;
    std::uint32_t page_count = 0;     // of the image that the layers make; 0: an empty database
    std::vector<PageSource*> layers;  // first wins; they must outlive the overlay
    std::size_t memory_pages_max = limits::kOverlayMemoryPages;
    std::string temporary_directory;  // of the spill file
  };

  explicit Overlay(Options options);
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  ~Overlay();  // the connection must be closed before

  struct ConnectionOptions {
    std::int64_t cache_kib = 2048;
    bool journal_in_file = false;  // TRUNCATE in an anonymous file instead of MEMORY
  };
  // The staging connection, with every pragma of overlay.md section 5 set; at most one in an overlay's life.
  // Functions, collations and modules are registered by the caller. foreign_keys is ON, deferring them is
  // `PRAGMA defer_foreign_keys=ON` in each transaction. In MEMORY mode the first image of every page of a
  // transaction stays in memory: `COMMIT; BEGIN` every ~1000 changes bounds it.
  Result<Connection> connect(const ConnectionOptions& options);
  Result<Connection> connect() { return connect(ConnectionOptions{}); }

  // The first failure, kept for good. Ok while every read and write was right.
  Status error() const;

  std::uint32_t page_size() const { return page_size_; }
  std::uint32_t page_count() const { return page_count_; }  // may be more than the header of page 1 says
  std::uint32_t low_limit() const { return low_limit_; }    // layers are hidden above it
  std::uint32_t lock_page() const { return lock_page_; }

  bool is_modified(std::uint32_t page) const { return memory_.contains(page) || slots_.contains(page); }
  std::vector<std::uint32_t> modified_pages() const;  // ascending, those in the spill file too
  std::size_t memory_page_count() const { return memory_.size(); }
  std::size_t spilled_page_count() const { return slots_.size(); }

  // The page of the image as it is now; page 1 with bytes 18 and 19 = 1. Beyond page_count: zeros.
  Status read_page(std::uint32_t page, MutableByteView out);
  // Its sum, from the layers without reading where it is not modified here. Not of page 1, whose bytes 18
  // and 19 are served differently.
  Result<std::uint64_t> page_sum(std::uint32_t page);

 private:
  friend struct OverlayMethods;
  struct Vfs;

  Status write_page(std::uint32_t page, ByteView data);
  void truncate(std::uint32_t page_count);
  Status fetch(std::uint32_t page, MutableByteView out);
  Status spill(std::uint32_t page, ByteView data);
  Status keep(Status status);  // remembers the first failure

  const std::uint32_t page_size_;
  const std::uint32_t lock_page_;
  const std::vector<PageSource*> layers_;
  const std::size_t memory_pages_max_;
  const std::string temporary_directory_;
  std::uint32_t page_count_;
  std::uint32_t low_limit_;
  std::unordered_map<std::uint32_t, Bytes> memory_;
  std::unordered_map<std::uint32_t, std::uint64_t> slots_;  // page -> slot in the spill file
  std::uint64_t slot_count_ = 0;
  std::vector<std::uint64_t> free_slots_;
  File spill_file_;
  std::optional<Error> error_;
  std::unique_ptr<Vfs> vfs_;  // registered from connect() on
};

}  // namespace turso::sqlite

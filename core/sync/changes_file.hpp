// changes_file.hpp -- P-changes: one complete download, from the arrival of its pages to the redo.
//
// FORMAT 2 (little endian)
//   0     header block, 4096 bytes
//           0 "TSYCHG01"   8 u32 page_size   12 u32 flags (bit 0 REPLACE: complete image; others 0)
//          16 u32 db_size  20 u32 0          24 u64 nonce (random per download)
//          32 u16 len(from_rev)  34 u16 len(to_rev)  36 from_rev, to_rev (each <= 1024 bytes; from_rev is
//          empty for REPLACE)  zeros  4088 u64 XXH64(bytes 0..4087, seed 0)
//   4096  pages, page_size each, in order of arrival, none for the lock-byte page
//   I     index: count x { u32 pgno, u64 page_sum }    entry k is the page at 4096 + k*page_size;
//                                                       of a repeated pgno the last wins
//   E     trailer, 64 bytes: 0 "TSYCHGE1"  8 u64 count  16 u64 I  24 u64 nonce  32 u64 ident  40 zeros
//           ident = XXH64(header block | index | trailer[0..31])
// Accepted only if size = I + 12*count + 64, I = 4096 + count*page_size, magics, nonces equal, header sum and
// ident right, tails zero, 1 <= pgno <= db_size, pgno not the lock-byte page, page_size as expected, and for
// REPLACE every page is there. Loading costs O(index); the sum of a page is checked at every read of it.
// The file comes into being by rename after an fsync, so that it is complete or not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "sqlite/page_source.hpp"

namespace turso::sync {

struct ChangesHeader {
  std::uint32_t page_size = 0;
  bool replace = false;
  std::uint32_t db_size = 0;  // pages; 0: the remote is an empty database
  std::uint64_t nonce = 0;
  std::string from_revision;
  std::string to_revision;
};

// Writes P-changes.tmp as pages arrive. Dropped without finish(): the file is removed.
class ChangesWriter {
 public:
  // base_page_count: db_size of the base this download continues. Pages that the remote has grown by and did
  // not send are written as zero pages, which is what they are.
  static Result<ChangesWriter> create(const std::string& changes_path, ChangesHeader header,
                                      std::uint32_t base_page_count);

  ChangesWriter(ChangesWriter&& other) noexcept;
  ChangesWriter& operator=(ChangesWriter&&) = delete;
  ~ChangesWriter();

  // kProtocol: a page outside 1..db_size or of the wrong size. The lock-byte page is passed over.
  Status add_page(std::uint32_t page, ByteView image);
  std::uint64_t page_count() const { return index_.size(); }

  // Index, trailer, fsync, rename to P-changes, fsync of the directory. kProtocol when a REPLACE download
  // misses pages. Answers the ident.
  Result<std::uint64_t> finish();

 private:
  struct Entry {
    std::uint32_t page;
    std::uint64_t sum;
  };

  ChangesWriter(File file, std::string changes_path, ChangesHeader header, std::uint32_t base_page_count);
  Status append(std::uint32_t page, ByteView image);
  Status complete();  // refuses or fills what is missing
  Status flush();

  File file_;
  std::string changes_path_;
  std::string tmp_path_;  // empty: nothing to remove
  ChangesHeader header_;
  std::uint32_t base_page_count_;
  std::vector<Entry> index_;
  Bytes buffer_;  // pages that are not written yet
  std::uint64_t written_ = 0;
};

class ChangesFile : public sqlite::PageSource {
 public:
  // kCorrupt: not a valid P-changes (condition "page_size" when only the page size is another one). A page
  // that does not have its sum when it is read is kCorrupt too, condition "changes_damaged": download again.
  // kIo and the like say nothing about its validity.
  static Result<ChangesFile> load(const std::string& changes_path, std::uint32_t page_size);

  const ChangesHeader& header() const { return header_; }
  std::uint64_t ident() const { return ident_; }
  std::vector<std::uint32_t> pages() const;  // ascending, each once
  bool contains(std::uint32_t page) const { return index_.contains(page); }
  std::uint64_t size_bytes() const { return size_bytes_; }
  const std::string& path() const { return file_.path(); }

  Result<bool> read_page(std::uint32_t page, MutableByteView out) override;
  std::optional<std::uint64_t> page_sum(std::uint32_t page) const override;

 private:
  struct Place {
    std::uint64_t offset;
    std::uint64_t sum;
  };

  File file_;
  ChangesHeader header_;
  std::uint64_t ident_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::unordered_map<std::uint32_t, Place> index_;
};

}  // namespace turso::sync

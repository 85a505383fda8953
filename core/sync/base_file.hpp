// base_file.hpp -- P-base and P-base-info: the exact remote image at the synced revision.
//
// FORMAT   P-base       pages 1..db_size, byte for byte as served (bytes 18 and 19 too), nothing appended
//          P-base-info  header block, 4096 bytes (little endian)
//                         0 "TSYBAS01"  8 u32 page_size  12 u32 db_size
//                        16 u64 ident of the last applied P-changes  24 u16 length, revision  zeros
//                        4088 u64 XXH64(bytes 0..4087, seed 0)
//                       then u64 page_sum per page at 4096 + 8*(pgno-1); the lock-byte page has the sum of zeros
// The base is *ok* iff the header sum is right, both file sizes match db_size, and its revision is the one in
// P. A revision has no order: any other stamp means "base lost", a newer one too. The sums find damaged and
// torn pages at every read and let P be compared without reading the base.
//
// REDO   B1 pages in ascending order into P-base, sums into P-base-info, both cut to size, header stamped
//        B2 fsync of both   B3 unlink of P-changes
// Absolute images: a redo may be repeated from any intermediate state. Before B3 the existence of P-changes
// with the ident that P names is the mark "redo pending"; nothing else is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"
#include "sqlite/page_source.hpp"

namespace turso::sync {

class ChangesFile;
struct ReplicaFiles;

struct BaseStamp {
  std::uint32_t page_size = 0;
  std::uint32_t db_size = 0;
  std::uint64_t ident = 0;
  std::string revision;
};

class BaseFile : public sqlite::PageSource {
 public:
  // kCorrupt with condition "base_lost" when the base is not ok for this revision of P.
  static Result<BaseFile> open(const ReplicaFiles& files, std::uint32_t page_size, const std::string& revision);

  const BaseStamp& stamp() const { return stamp_; }

  // kCorrupt with condition "base_lost" when the page does not have its sum.
  Result<bool> read_page(std::uint32_t page, MutableByteView out) override;
  std::optional<std::uint64_t> page_sum(std::uint32_t page) const override;

  // Reads every page. For tests and for a user's "verify".
  Status verify();

 private:
  File pages_;
  BaseStamp stamp_;
  Bytes sums_;  // 8 bytes per page
};

// B1 to B3. Creates both files for a REPLACE download. On failure nothing is lost: P-changes is still there.
Status redo(const ReplicaFiles& files, ChangesFile& changes);

}  // namespace turso::sync

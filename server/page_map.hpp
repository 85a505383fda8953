// page_map.hpp -- at which counter each page of a hosted database last changed, and the lineage it is true for.
//
// FORMAT (little endian)   DB-pages := header entry* sum
//   header (96 bytes)   "tursopm1", state u64 (0: open, 1: closed cleanly), lineage u64, counter u64,
//                       inode u64, size u64, mtime_ns i64, ctime_ns i64 (of the database file at the close),
//                       page_count u64, entry_count u64, reserved u64 x 2
//   entry               changed_at u64: of page 1, 2, ...; 0: not since the lineage began
//   sum                 XXH64 of everything before
//
// While the database is open the file says so: that is durable before the first write, hence before the first
// checkpoint. What was lost by a crash is never guessed: a file that was not closed cleanly, that does not
// describe the database file as it is now, or that is damaged begins a new lineage, for which no client has a
// revision, and every client is sent everything. So a restored, edited or half-written database is never
// taken for the old one. Revision token: `lineage:counter`, 16 hex digits and a decimal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"

namespace turso::server {

struct Revision {
  std::uint64_t lineage = 0;
  std::uint64_t counter = 0;
  friend bool operator==(const Revision&, const Revision&) = default;

  std::string token() const;
  static std::optional<Revision> parse(std::string_view token);
};

// What tells a database file from another one and from its own past.
struct FileStamp {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
Result<FileStamp> stamp_of(const std::string& path);
// File times are as coarse as a clock tick: returns when whoever writes from now on gets a later time.
void wait_until_past(const FileStamp& stamp);

class PageMap {
 public:
  // Reads `map_path` and decides whether it describes `database_path` as it is now. Call before SQLite has
  // opened the database; writes nothing.
  static Result<PageMap> open(std::string map_path, const std::string& database_path, Environment& environment);

  // Whether the file is still what open() saw; asked again once SQLite holds it.
  bool describes(const std::string& database_path) const;

  // Says in the file that the database is open, durably. Call before anything is written to the database.
  Status mark_open();

  Revision revision() const { return revision_; }
  bool continued() const { return continued_; }  // the lineage is that of the last clean close

  // The database is not what it was thought to be.
  void begin_lineage(Environment& environment, std::uint32_t page_count);
  void set_page_count(std::uint32_t page_count) { page_count_ = page_count; }
  std::uint32_t page_count() const { return page_count_; }

  // One step of the counter: these pages changed; the database now has `page_count` pages and had at least
  // `smallest` in between. Pages that fell off the end and came back changed too.
  template <typename Pages>
  void advance(const Pages& pages, std::uint32_t smallest, std::uint32_t page_count) {
    ++revision_.counter;
    for (std::uint32_t page : pages) mark(page);
    for (std::uint32_t page = smallest + 1; page <= page_count; ++page) mark(page);
    page_count_ = page_count;
  }

  std::uint64_t changed_at(std::uint32_t page) const { return page < changed_at_.size() ? changed_at_[page] : 0; }
  // Pages 1 .. page_count changed after `counter`, ascending.
  std::vector<std::uint32_t> changed_after(std::uint64_t counter, std::uint32_t page_count) const;

  // After the last connection is closed: the map is true for the file that had this stamp. When the file has
  // another one by now it stays marked open, and the next open begins a new lineage.
  Status close_clean(const std::string& database_path, const FileStamp& stamp);

 private:
  void mark(std::uint32_t page);

  std::string map_path_;
  Revision revision_;
  bool continued_ = false;
  FileStamp stamp_;  // of the last clean close, while continued_
  std::uint32_t page_count_ = 0;
  std::vector<std::uint64_t> changed_at_;  // by page number; 0 is unused
};

}  // namespace turso::server

#include "server/page_map.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace turso::server {
namespace {

constexpr std::string_view kMagic = "tursopm1";
constexpr std::size_t kHeaderBytes = 96;
constexpr std::size_t kSumBytes = 8;
constexpr std::uint64_t kStateOpen = 0;
constexpr std::uint64_t kStateClean = 1;

// More than one tick of any clock that files are stamped by.
constexpr std::int64_t kTickNs = 20'000'000;

struct Stored {
  std::uint64_t state = kStateOpen;
  Revision revision;
  FileStamp stamp;
  std::uint64_t page_count = 0;
  std::vector<std::uint64_t> changed_at;
};

Bytes encode(const Stored& stored) {
  Bytes out(kHeaderBytes + stored.changed_at.size() * 8 + kSumBytes);
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  const std::uint64_t fields[] = {stored.state,
                                  stored.revision.lineage,
                                  stored.revision.counter,
                                  stored.stamp.inode,
                                  stored.stamp.size,
                                  static_cast<std::uint64_t>(stored.stamp.mtime_ns),
                                  static_cast<std::uint64_t>(stored.stamp.ctime_ns),
                                  stored.page_count,
                                  stored.changed_at.size()};
  std::uint8_t* at = out.data() + kMagic.size();
  for (std::uint64_t field : fields) {
    store_u64_le(at, field);
    at += 8;
  }
  at = out.data() + kHeaderBytes;
  for (std::uint64_t entry : stored.changed_at) {
    store_u64_le(at, entry);
    at += 8;
  }
  store_u64_le(at, xxh64(ByteView(out).first(out.size() - kSumBytes)));
  return out;
}

std::optional<Stored> decode(ByteView in) {
  if (in.size() < kHeaderBytes + kSumBytes || as_text(in.first(kMagic.size())) != kMagic) return std::nullopt;
  ByteView body = in.first(in.size() - kSumBytes);
  if (xxh64(body) != load_u64_le(in.data() + body.size())) return std::nullopt;
  auto field = [&](std::size_t index) { return load_u64_le(in.data() + kMagic.size() + index * 8); };
  Stored stored;
  stored.state = field(0);
  stored.revision = {field(1), field(2)};
  stored.stamp = {field(3), field(4), static_cast<std::int64_t>(field(5)), static_cast<std::int64_t>(field(6))};
  stored.page_count = field(7);
  if (field(8) != (body.size() - kHeaderBytes) / 8) return std::nullopt;
  stored.changed_at.resize(field(8));
  for (std::size_t i = 0; i < stored.changed_at.size(); ++i)
    stored.changed_at[i] = load_u64_le(in.data() + kHeaderBytes + i * 8);
  return stored;
}

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::int64_t file_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

}  // namespace

std::string Revision::token() const {
  std::uint8_t raw[8];
  store_u64_be(raw, lineage);
  return concat(to_hex(raw), ":", counter);
}

std::optional<Revision> Revision::parse(std::string_view token) {
  if (token.size() < 18 || token[16] != ':') return std::nullopt;
  Revision revision;
  for (char c : token.substr(0, 16)) {
    bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
    revision.lineage = revision.lineage << 4 | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  auto counter = parse_uint64(token.substr(17));
  if (!counter) return std::nullopt;
  revision.counter = *counter;
  return revision;
}

Result<FileStamp> stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error("stat", path, errno);
  FileStamp stamp;
  stamp.inode = info.st_ino;
  stamp.size = static_cast<std::uint64_t>(info.st_size);
#ifdef __APPLE__
  stamp.mtime_ns = nanoseconds(info.st_mtimespec);
  stamp.ctime_ns = nanoseconds(info.st_ctimespec);
#else
  stamp.mtime_ns = nanoseconds(info.st_mtim);
  stamp.ctime_ns = nanoseconds(info.st_ctim);
#endif
  return stamp;
}

void wait_until_past(const FileStamp& stamp) {
  // A file from the future is left as it is: waiting for its time could take for ever.
  for (std::int64_t age = 0; age >= 0 && age < kTickNs; age = file_clock_ns() - stamp.ctime_ns) {
    if (age > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Result<PageMap> PageMap::open(std::string map_path, const std::string& database_path, Environment& environment) {
  PageMap map;
  map.map_path_ = std::move(map_path);
  map.begin_lineage(environment, 0);
  TURSO_TRY(std::optional<Bytes> content, read_file_if_exists(map.map_path_, limits::kPageMapBytesMax));
  std::optional<Stored> stored = content ? decode(*content) : std::nullopt;
  bool log_left = file_exists(database_path + "-wal");
  if (stored && stored->state == kStateClean && file_exists(database_path) && !log_left) {
    TURSO_TRY(FileStamp now, stamp_of(database_path));
    if (now == stored->stamp) {
      map.revision_ = stored->revision;
      map.page_count_ = static_cast<std::uint32_t>(stored->page_count);
      map.changed_at_ = std::move(stored->changed_at);
      map.stamp_ = now;
      map.continued_ = true;
    }
  }
  if (content && !map.continued_)
    TURSO_LOG(LogLevel::kWarn, "turso::server",
              concat(map.map_path_, ": does not describe the database as it is now; a new lineage begins"));
  return map;
}

bool PageMap::describes(const std::string& database_path) const {
  auto now = stamp_of(database_path);
  return continued_ && now.has_value() && *now == stamp_;
}

Status PageMap::mark_open() {
  Stored open;
  open.revision = revision_;
  return write_file_durably(map_path_, encode(open));
}

void PageMap::begin_lineage(Environment& environment, std::uint32_t page_count) {
  revision_ = {environment.random_u64(), 0};
  continued_ = false;
  page_count_ = page_count;
  changed_at_.clear();
}

void PageMap::mark(std::uint32_t page) {
  if (page >= changed_at_.size()) changed_at_.resize(std::size_t{page} + 1);
  changed_at_[page] = revision_.counter;
}

std::vector<std::uint32_t> PageMap::changed_after(std::uint64_t counter, std::uint32_t page_count) const {
  std::vector<std::uint32_t> pages;
  for (std::uint32_t page = 1; page < changed_at_.size() && page <= page_count; ++page) {
    if (changed_at_[page] > counter) pages.push_back(page);
  }
  return pages;
}

Status PageMap::close_clean(const std::string& database_path, const FileStamp& stamp) {
  TURSO_TRY(FileStamp now, stamp_of(database_path));
  if (now != stamp || file_exists(database_path + "-wal")) return ok();
  Stored closed{kStateClean, revision_, stamp, page_count_, changed_at_};
  return write_file_durably(map_path_, encode(closed));
}

}  // namespace turso::server

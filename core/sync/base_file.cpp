#include "sync/base_file.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "sync/changes_file.hpp"
#include "sync/replica_files.hpp"

namespace turso::sync {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kHeaderSumAt = 4088;
constexpr std::size_t kRevisionAt = 26;
constexpr std::size_t kSumBytes = 8;
constexpr std::string_view kMagic = "TSYBAS01";

Error base_lost(const std::string& path, std::string_view why) {
  Error error{ErrorKind::kCorrupt, concat(path, ": ", why)};
  error.condition = "base_lost";
  return error;
}

Bytes encode_stamp(const BaseStamp& stamp) {
  Bytes block(kHeaderBytes);
  std::copy(kMagic.begin(), kMagic.end(), block.begin());
  store_u32_le(&block[8], stamp.page_size);
  store_u32_le(&block[12], stamp.db_size);
  store_u64_le(&block[16], stamp.ident);
  store_u16_le(&block[24], static_cast<std::uint16_t>(stamp.revision.size()));
  std::copy(stamp.revision.begin(), stamp.revision.end(), block.begin() + kRevisionAt);
  store_u64_le(&block[kHeaderSumAt], xxh64(ByteView(block).first(kHeaderSumAt)));
  return block;
}

Result<BaseStamp> read_stamp(const File& info) {
  TURSO_TRY(std::uint64_t size, info.size());
  if (size < kHeaderBytes) return base_lost(info.path(), concat(size, " bytes, at least ", kHeaderBytes, " expected"));
  Bytes block(kHeaderBytes);
  TURSO_CHECK(info.read_at(0, block));
  if (as_text(ByteView(block).first(kMagic.size())) != kMagic) return base_lost(info.path(), "wrong magic");
  if (load_u64_le(&block[kHeaderSumAt]) != xxh64(ByteView(block).first(kHeaderSumAt)))
    return base_lost(info.path(), "the header does not have its sum");
  BaseStamp stamp;
  stamp.page_size = load_u32_le(&block[8]);
  stamp.db_size = load_u32_le(&block[12]);
  stamp.ident = load_u64_le(&block[16]);
  std::size_t length = load_u16_le(&block[24]);
  if (length > limits::kRevisionBytesMax)
    return base_lost(info.path(),
                     concat("a revision of ", length, " bytes, at most ", limits::kRevisionBytesMax, " expected"));
  stamp.revision = as_text(ByteView(block).subspan(kRevisionAt, length));
  return stamp;
}

// A missing file means that the base is lost; any other failure to open it says nothing about the base.
Result<File> open_existing(const std::string& path, File::Mode mode) {
  if (!file_exists(path)) return base_lost(path, "is missing");
  return File::open(path, mode);
}

std::uint64_t sum_at(std::uint32_t page) { return kHeaderBytes + std::uint64_t{kSumBytes} * (page - 1); }

Status write_sum(File& info, std::uint32_t page, std::uint64_t sum) {
  std::array<std::uint8_t, kSumBytes> bytes{};
  store_u64_le(bytes.data(), sum);
  return info.write_at(sum_at(page), bytes);
}

// Sums of pages that the image has and the download does not: the lock-byte page, and pages it grew by.
Status write_sums_of_zeros(File& info, const ChangesFile& changes) {
  const ChangesHeader& header = changes.header();
  std::uint32_t lock_page = sqlite::lock_byte_page(header.page_size);
  if (lock_page <= header.db_size)
    TURSO_CHECK(write_sum(info, lock_page, sqlite::zero_page_sum(lock_page, header.page_size)));
  if (header.replace) return ok();
  auto before = read_stamp(info);
  if (!before.has_value()) return ok();  // torn by an interrupted redo, which had done this before
  for (std::uint64_t page = before->db_size + 1ULL; page <= header.db_size; ++page) {
    auto number = static_cast<std::uint32_t>(page);
    if (!changes.contains(number))
      TURSO_CHECK(write_sum(info, number, sqlite::zero_page_sum(number, header.page_size)));
  }
  return ok();
}

Status write_pages(File& base, File& info, ChangesFile& changes) {
  Bytes image(changes.header().page_size);
  for (std::uint32_t page : changes.pages()) {
    auto read = changes.read_page(page, image);
    if (!read.has_value()) {
      Error error = read.error();
      // Half redone and its source is damaged: the old stamp does not fit P any more, so nobody will trust it.
      if (error.kind == ErrorKind::kCorrupt) error.condition = "base_lost";
      return error;
    }
    TURSO_CHECK(base.write_at(std::uint64_t{page - 1} * image.size(), image));
    TURSO_CHECK(write_sum(info, page, *changes.page_sum(page)));
  }
  return ok();
}

}  // namespace

Result<BaseFile> BaseFile::open(const ReplicaFiles& files, std::uint32_t page_size, const std::string& revision) {
  BaseFile base;
  TURSO_TRY(File info, open_existing(files.base_info, File::Mode::kRead));
  TURSO_TRY(base.pages_, open_existing(files.base, File::Mode::kRead));
  TURSO_TRY(base.stamp_, read_stamp(info));
  const BaseStamp& stamp = base.stamp_;
  if (stamp.page_size != page_size)
    return base_lost(files.base_info, concat("page size ", stamp.page_size, ", expected ", page_size));
  if (stamp.revision != revision)
    return base_lost(files.base_info,
                     concat("revision ", excerpt(stamp.revision), ", the database is at ", excerpt(revision)));
  TURSO_TRY(std::uint64_t base_size, base.pages_.size());
  TURSO_TRY(std::uint64_t info_size, info.size());
  if (base_size != std::uint64_t{stamp.db_size} * page_size)
    return base_lost(files.base, concat(base_size, " bytes, expected ", stamp.db_size, " pages of ", page_size));
  if (info_size != kHeaderBytes + std::uint64_t{stamp.db_size} * kSumBytes)
    return base_lost(files.base_info, concat(info_size, " bytes, expected sums of ", stamp.db_size, " pages"));
  base.sums_.resize(std::size_t{stamp.db_size} * kSumBytes);
  TURSO_CHECK(info.read_at(kHeaderBytes, base.sums_));
  return base;
}

Result<bool> BaseFile::read_page(std::uint32_t page, MutableByteView out) {
  if (page == 0 || page > stamp_.db_size) return false;
  Status read = pages_.read_at(std::uint64_t{page - 1} * stamp_.page_size, out);
  if (!read.has_value() && read.error().kind != ErrorKind::kCorrupt) return read.error();
  if (!read.has_value() || sqlite::page_sum(page, out) != *page_sum(page))
    return base_lost(pages_.path(), concat("page ", page, " of ", stamp_.db_size, " does not have its sum"));
  return true;
}

std::optional<std::uint64_t> BaseFile::page_sum(std::uint32_t page) const {
  if (page == 0 || page > stamp_.db_size) return std::nullopt;
  return load_u64_le(&sums_[std::size_t{page - 1} * kSumBytes]);
}

Status BaseFile::verify() {
  Bytes image(stamp_.page_size);
  for (std::uint64_t page = 1; page <= stamp_.db_size; ++page)
    TURSO_CHECK(read_page(static_cast<std::uint32_t>(page), image));
  return ok();
}

Status redo(const ReplicaFiles& files, ChangesFile& changes) {
  const ChangesHeader& header = changes.header();
  auto open = [&](const std::string& path) {
    return header.replace ? File::open(path, File::Mode::kCreateReadWrite)
                          : open_existing(path, File::Mode::kReadWrite);
  };
  TURSO_TRY(File info, open(files.base_info));
  TURSO_TRY(File base, open(files.base));
  TURSO_CHECK(write_pages(base, info, changes));
  TURSO_CHECK(write_sums_of_zeros(info, changes));
  TURSO_CHECK(base.truncate(std::uint64_t{header.db_size} * header.page_size));
  TURSO_CHECK(info.truncate(kHeaderBytes + std::uint64_t{header.db_size} * kSumBytes));
  TURSO_CHECK(info.write_at(0, encode_stamp({header.page_size, header.db_size, changes.ident(), header.to_revision})));
  TURSO_CHECK(base.sync());
  TURSO_CHECK(info.sync());
  if (header.replace) TURSO_CHECK(sync_directory_of(files.base));
  return remove_file(files.changes);
}

}  // namespace turso::sync

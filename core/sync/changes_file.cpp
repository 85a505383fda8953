#include "sync/changes_file.hpp"

#include <algorithm>
#include <utility>

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace turso::sync {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kHeaderSumAt = 4088;
constexpr std::size_t kRevisionsAt = 36;
constexpr std::size_t kEntryBytes = 12;
constexpr std::size_t kTrailerBytes = 64;
constexpr std::size_t kTrailerHashedBytes = 32;
constexpr std::uint32_t kFlagReplace = 1;
constexpr std::string_view kHeaderMagic = "TSYCHG01";
constexpr std::string_view kTrailerMagic = "TSYCHGE1";

Bytes encode_header(const ChangesHeader& header) {
  Bytes block(kHeaderBytes);
  std::copy(kHeaderMagic.begin(), kHeaderMagic.end(), block.begin());
  store_u32_le(&block[8], header.page_size);
  store_u32_le(&block[12], header.replace ? kFlagReplace : 0);
  store_u32_le(&block[16], header.db_size);
  store_u64_le(&block[24], header.nonce);
  store_u16_le(&block[32], static_cast<std::uint16_t>(header.from_revision.size()));
  store_u16_le(&block[34], static_cast<std::uint16_t>(header.to_revision.size()));
  auto end = std::copy(header.from_revision.begin(), header.from_revision.end(), block.begin() + kRevisionsAt);
  std::copy(header.to_revision.begin(), header.to_revision.end(), end);
  store_u64_le(&block[kHeaderSumAt], xxh64(ByteView(block).first(kHeaderSumAt)));
  return block;
}

Bytes encode_trailer(std::uint64_t count, std::uint64_t index_at, std::uint64_t nonce) {
  Bytes trailer(kTrailerBytes);
  std::copy(kTrailerMagic.begin(), kTrailerMagic.end(), trailer.begin());
  store_u64_le(&trailer[8], count);
  store_u64_le(&trailer[16], index_at);
  store_u64_le(&trailer[24], nonce);
  return trailer;
}

std::uint64_t ident_of(ByteView header, ByteView index, ByteView trailer) {
  return xxh64({header, index, trailer.first(kTrailerHashedBytes)});
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

// How many pages an image of db_size pages really has: the lock-byte page is not one of them.
std::uint64_t real_page_count(const ChangesHeader& header) {
  return header.db_size - (header.db_size >= sqlite::lock_byte_page(header.page_size) ? 1 : 0);
}

Error invalid(const std::string& path, std::string_view why) {
  return Error{ErrorKind::kCorrupt, concat(path, ": ", why)};
}

Result<ChangesHeader> decode_header(const std::string& path, ByteView block, std::uint32_t page_size) {
  if (as_text(block.first(kHeaderMagic.size())) != kHeaderMagic) return invalid(path, "not a download, wrong magic");
  if (load_u64_le(&block[kHeaderSumAt]) != xxh64(block.first(kHeaderSumAt)))
    return invalid(path, "the header does not have its sum");
  ChangesHeader header;
  header.page_size = load_u32_le(&block[8]);
  if (header.page_size != page_size) {
    Error error = invalid(path, concat("page size ", header.page_size, ", expected ", page_size));
    error.condition = "page_size";
    return error;
  }
  std::uint32_t flags = load_u32_le(&block[12]);
  if ((flags & ~kFlagReplace) != 0) return invalid(path, concat("unknown flags ", flags));
  header.replace = (flags & kFlagReplace) != 0;
  header.db_size = load_u32_le(&block[16]);
  header.nonce = load_u64_le(&block[24]);
  std::size_t from_size = load_u16_le(&block[32]);
  std::size_t to_size = load_u16_le(&block[34]);
  if (from_size > limits::kRevisionBytesMax || to_size > limits::kRevisionBytesMax)
    return invalid(path, concat("revisions of ", from_size, " and ", to_size, " bytes, at most ",
                                limits::kRevisionBytesMax, " expected"));
  if (header.replace && from_size != 0) return invalid(path, "a complete image that continues a revision");
  header.from_revision = as_text(block.subspan(kRevisionsAt, from_size));
  header.to_revision = as_text(block.subspan(kRevisionsAt + from_size, to_size));
  std::size_t end = kRevisionsAt + from_size + to_size;
  if (load_u32_le(&block[20]) != 0 || !all_zero(block.subspan(end, kHeaderSumAt - end)))
    return invalid(path, "bytes of the header that must be zero are not");
  return header;
}

}  // namespace

// ---- writing ------------------------------------------------------------------------------------------------

ChangesWriter::ChangesWriter(File file, std::string changes_path, ChangesHeader header, std::uint32_t base_page_count)
    : file_(std::move(file)),
      changes_path_(std::move(changes_path)),
      tmp_path_(file_.path()),
      header_(std::move(header)),
      base_page_count_(base_page_count),
      buffer_(encode_header(header_)) {}

ChangesWriter::ChangesWriter(ChangesWriter&& other) noexcept
    : file_(std::move(other.file_)),
      changes_path_(std::move(other.changes_path_)),
      tmp_path_(std::exchange(other.tmp_path_, std::string())),
      header_(std::move(other.header_)),
      base_page_count_(other.base_page_count_),
      index_(std::move(other.index_)),
      buffer_(std::move(other.buffer_)),
      written_(other.written_) {}

ChangesWriter::~ChangesWriter() {
  if (tmp_path_.empty()) return;
  discard(remove_file(tmp_path_), "an unfinished download that stays is deleted at the next open");
}

Result<ChangesWriter> ChangesWriter::create(const std::string& changes_path, ChangesHeader header,
                                            std::uint32_t base_page_count) {
  TURSO_ASSERT(header.page_size >= 512 && header.page_size <= 65536);
  for (const std::string* revision : {&header.from_revision, &header.to_revision}) {
    if (revision->size() > limits::kRevisionBytesMax)
      return Error{ErrorKind::kProtocol, concat("download: a revision of ", revision->size(), " bytes, at most ",
                                                limits::kRevisionBytesMax, " expected")};
  }
  if (header.replace) header.from_revision.clear();
  TURSO_TRY(File file, File::open(changes_path + ".tmp", File::Mode::kTruncateReadWrite));
  return ChangesWriter(std::move(file), changes_path, std::move(header), header.replace ? 0 : base_page_count);
}

Status ChangesWriter::add_page(std::uint32_t page, ByteView image) {
  if (image.size() != header_.page_size)
    return Error{ErrorKind::kProtocol,
                 concat("download: page ", page, " is ", image.size(), " bytes, expected ", header_.page_size)};
  if (page == 0 || page > header_.db_size)
    return Error{ErrorKind::kProtocol, concat("download: page ", page, " of a database of ", header_.db_size)};
  if (page == sqlite::lock_byte_page(header_.page_size)) return ok();
  return append(page, image);
}

Status ChangesWriter::append(std::uint32_t page, ByteView image) {
  turso::append(buffer_, image);
  index_.push_back({page, sqlite::page_sum(page, image)});
  return buffer_.size() >= limits::kChangesBufferBytes ? flush() : ok();
}

Status ChangesWriter::flush() {
  TURSO_CHECK(file_.write_at(written_, buffer_));
  written_ += buffer_.size();
  buffer_.clear();
  return ok();
}

Status ChangesWriter::complete() {
  std::vector<std::uint32_t> arrived;
  arrived.reserve(index_.size());
  for (const Entry& entry : index_) arrived.push_back(entry.page);
  std::sort(arrived.begin(), arrived.end());
  arrived.erase(std::unique(arrived.begin(), arrived.end()), arrived.end());
  if (header_.replace) {
    if (arrived.size() != real_page_count(header_))
      return Error{ErrorKind::kProtocol,
                   concat("download: ", arrived.size(), " pages of a complete image of ", real_page_count(header_))};
    return ok();
  }
  if (header_.db_size <= base_page_count_) return ok();
  auto grown = std::upper_bound(arrived.begin(), arrived.end(), base_page_count_);
  std::uint64_t missing = header_.db_size - base_page_count_ - static_cast<std::uint64_t>(arrived.end() - grown);
  if (missing > limits::kUnsentGrowthPagesMax)
    return Error{ErrorKind::kProtocol, concat("download: the remote grew from ", base_page_count_, " to ",
                                              header_.db_size, " pages and sent ", arrived.end() - grown, " of them")};
  Bytes zeros(header_.page_size);
  for (std::uint64_t page = base_page_count_ + 1ULL; page <= header_.db_size; ++page) {
    auto number = static_cast<std::uint32_t>(page);
    if (!std::binary_search(grown, arrived.end(), number)) TURSO_CHECK(add_page(number, zeros));
  }
  return ok();
}

Result<std::uint64_t> ChangesWriter::finish() {
  TURSO_CHECK(complete());
  TURSO_CHECK(flush());
  Bytes index(index_.size() * kEntryBytes);
  for (std::size_t k = 0; k < index_.size(); ++k) {
    store_u32_le(&index[k * kEntryBytes], index_[k].page);
    store_u64_le(&index[k * kEntryBytes + 4], index_[k].sum);
  }
  Bytes trailer = encode_trailer(index_.size(), written_, header_.nonce);
  std::uint64_t ident = ident_of(encode_header(header_), index, trailer);
  store_u64_le(&trailer[kTrailerHashedBytes], ident);
  turso::append(index, trailer);
  TURSO_CHECK(file_.write_at(written_, index));
  TURSO_CHECK(file_.sync());
  TURSO_CHECK(rename_file(tmp_path_, changes_path_));
  tmp_path_.clear();
  TURSO_CHECK(sync_directory_of(changes_path_));
  return ident;
}

// ---- reading ------------------------------------------------------------------------------------------------

Result<ChangesFile> ChangesFile::load(const std::string& changes_path, std::uint32_t page_size) {
  ChangesFile changes;
  TURSO_TRY(changes.file_, File::open(changes_path, File::Mode::kRead));
  TURSO_TRY(std::uint64_t size, changes.file_.size());
  changes.size_bytes_ = size;
  if (size < kHeaderBytes + kTrailerBytes)
    return invalid(changes_path, concat(size, " bytes, at least ", kHeaderBytes + kTrailerBytes, " expected"));

  Bytes header(kHeaderBytes);
  TURSO_CHECK(changes.file_.read_at(0, header));
  TURSO_TRY(changes.header_, decode_header(changes_path, header, page_size));

  Bytes trailer(kTrailerBytes);
  TURSO_CHECK(changes.file_.read_at(size - kTrailerBytes, trailer));
  if (as_text(ByteView(trailer).first(kTrailerMagic.size())) != kTrailerMagic)
    return invalid(changes_path, "not complete, wrong magic of the trailer");
  std::uint64_t count = load_u64_le(&trailer[8]);
  std::uint64_t body = size - kHeaderBytes - kTrailerBytes;
  if (count > body / (page_size + kEntryBytes) || count * (page_size + kEntryBytes) != body ||
      load_u64_le(&trailer[16]) != kHeaderBytes + count * page_size)
    return invalid(changes_path, concat(size, " bytes do not fit an index of ", count, " pages"));
  if (load_u64_le(&trailer[24]) != changes.header_.nonce)
    return invalid(changes_path, "header and trailer are of two downloads");
  if (!all_zero(ByteView(trailer).subspan(kTrailerHashedBytes + 8)))
    return invalid(changes_path, "bytes of the trailer that must be zero are not");

  Bytes index(count * kEntryBytes);
  TURSO_CHECK(changes.file_.read_at(kHeaderBytes + count * page_size, index));
  changes.ident_ = load_u64_le(&trailer[kTrailerHashedBytes]);
  if (changes.ident_ != ident_of(header, index, trailer))
    return invalid(changes_path, "the index does not have its sum");

  changes.index_.reserve(count);
  for (std::uint64_t k = 0; k < count; ++k) {
    std::uint32_t page = load_u32_le(&index[k * kEntryBytes]);
    if (page == 0 || page > changes.header_.db_size || page == sqlite::lock_byte_page(page_size))
      return invalid(changes_path, concat("page ", page, " in a database of ", changes.header_.db_size));
    changes.index_[page] = {kHeaderBytes + k * page_size, load_u64_le(&index[k * kEntryBytes + 4])};
  }
  if (changes.header_.replace && changes.index_.size() != real_page_count(changes.header_))
    return invalid(changes_path,
                   concat(changes.index_.size(), " pages of a complete image of ", real_page_count(changes.header_)));
  return changes;
}

std::vector<std::uint32_t> ChangesFile::pages() const {
  std::vector<std::uint32_t> pages;
  pages.reserve(index_.size());
  for (const auto& [page, place] : index_) pages.push_back(page);
  std::sort(pages.begin(), pages.end());
  return pages;
}

Result<bool> ChangesFile::read_page(std::uint32_t page, MutableByteView out) {
  auto found = index_.find(page);
  if (found == index_.end()) return false;
  Status read = file_.read_at(found->second.offset, out);
  if (!read.has_value() && read.error().kind != ErrorKind::kCorrupt) return read.error();
  if (!read.has_value() || sqlite::page_sum(page, out) != found->second.sum) {
    Error error = invalid(file_.path(), concat("page ", page, " does not have its sum"));
    error.condition = "changes_damaged";
    return error;
  }
  return true;
}

std::optional<std::uint64_t> ChangesFile::page_sum(std::uint32_t page) const {
  auto found = index_.find(page);
  if (found == index_.end()) return std::nullopt;
  return found->second.sum;
}

}  // namespace turso::sync

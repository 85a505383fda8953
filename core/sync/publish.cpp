#include "sync/publish.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "sqlite/shim_vfs.hpp"
#include "sqlite/sqlite_sql.hpp"
#include "sync/storage_sql.hpp"

namespace turso::sync {
namespace {

// Fields of the database header on page 1, by offset.
constexpr std::size_t kFileFormatAt = 18;  // write and read version, 2 bytes: 2 is WAL
constexpr std::size_t kPageCountAt = 28;
constexpr std::size_t kSchemaCookieAt = 40;
constexpr std::size_t kSchemaFormatAt = 44;
constexpr std::size_t kTextEncodingAt = 56;

std::uint32_t field(ByteView page_one, std::size_t at) { return load_u32_be(&page_one[at]); }

// 0 is an image without any table yet, which becomes UTF-8 with the first.
std::uint32_t encoding_of(ByteView page_one) { return std::max(1u, field(page_one, kTextEncodingAt)); }

// Digest of schema format, text encoding and every row of sqlite_schema: equal iff statements prepared
// against the one are right against the other.
Result<std::uint64_t> schema_signature(sqlite::Connection& connection, ByteView page_one) {
  Bytes text;
  auto add_number = [&](std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    store_u64_le(bytes.data(), number);
    append(text, bytes);
  };
  add_number(field(page_one, kSchemaFormatAt));
  add_number(encoding_of(page_one));
  TURSO_TRY(auto rows, connection.prepare(sql::kReadSchemaRows));
  for (;;) {
    TURSO_TRY(bool row, rows.step());
    if (!row) break;
    for (int column = 0; column < rows.column_count(); ++column) {
      bool is_null = rows.column_is_null(column);
      ByteView value = as_bytes(rows.column_text(column));
      add_number(is_null ? ~std::uint64_t{0} : value.size());
      if (!is_null) append(text, value);
    }
  }
  return xxh64(text);
}

Status read_live_page(sqlite::Connection& connection, std::uint32_t page, std::uint32_t page_size, Bytes& out) {
  TURSO_TRY(auto read, connection.prepare(sql::kReadPage));
  TURSO_CHECK(read.bind_int(1, page));
  TURSO_TRY(bool row, read.step());
  if (!row || read.column_blob(0).size() != page_size)
    return Error{ErrorKind::kCorrupt,
                 concat("publish: page ", page, " of the live database is not ", page_size, " bytes")};
  ByteView image = read.column_blob(0);
  out.assign(image.begin(), image.end());
  return ok();
}

Error refusal(ErrorKind kind, std::string condition, std::string message) {
  Error error{kind, std::move(message)};
  error.condition = std::move(condition);
  return error;
}

// One publish, from the comparison to the last page; COMMIT is the caller's.
class Publisher {
 public:
  Publisher(sqlite::Connection& live, sqlite::Overlay& overlay, const StagedImage& image)
      : live_(live), overlay_(overlay), image_(image), page_size_(overlay.page_size()), buffer_(page_size_) {}

  Status run(Published& published) {
    TURSO_CHECK(read_state());
    TURSO_CHECK(make_page_one(published));
    TURSO_CHECK(compare(published));
    TURSO_CHECK(write());
    published.pages_written = static_cast<std::uint32_t>(todo_.size()) + 1;
    return ok();
  }

 private:
  Status read_state() {
    TURSO_TRY(std::int64_t count, live_.query_int(sql::kPageCount));
    live_count_ = static_cast<std::uint32_t>(count);
    TURSO_CHECK(read_live_page(live_, 1, page_size_, live_page_one_));
    if (live_page_one_[kFileFormatAt] != 2 || live_page_one_[kFileFormatAt + 1] != 2)
      return refusal(ErrorKind::kError, "not_wal", "publish: the live database is not in WAL mode");
    return ok();
  }

  Status make_page_one(Published& published) {
    page_one_.resize(page_size_);
    TURSO_CHECK(overlay_.read_page(1, page_one_));
    if (encoding_of(page_one_) != encoding_of(live_page_one_))
      return refusal(ErrorKind::kSchema, "text_encoding",
                     concat("publish: the remote has text encoding ", encoding_of(page_one_), ", the live database ",
                            encoding_of(live_page_one_)));
    TURSO_TRY(std::uint64_t live_signature, schema_signature(live_, live_page_one_));
    published.schema_changed = live_signature != image_.schema_signature;
    std::uint32_t cookie = field(live_page_one_, kSchemaCookieAt);
    if (published.schema_changed) cookie = std::max(cookie, field(page_one_, kSchemaCookieAt)) + 1;
    page_one_[kFileFormatAt] = page_one_[kFileFormatAt + 1] = 2;
    store_u32_be(&page_one_[kPageCountAt], image_.page_count);
    store_u32_be(&page_one_[kSchemaCookieAt], cookie);
    return ok();
  }

  // Full compare: every page of the image but the first, by sums; bytes where staging has modified it.
  Status compare(Published& published) {
    std::uint32_t common = std::min(image_.page_count, live_count_);
    {
      TURSO_TRY(auto pages, live_.prepare(sql::kReadPagesFrom));
      TURSO_CHECK(pages.bind_int(1, 2));
      for (std::uint32_t page = 2; page <= common; ++page) {
        TURSO_TRY(bool row, pages.step());
        if (!row || pages.column_int(0) != page || pages.column_blob(1).size() != page_size_)
          return Error{ErrorKind::kCorrupt,
                       concat("publish: page ", page, " of ", live_count_, " of the live database cannot be read")};
        if (page == overlay_.lock_page()) continue;
        ++published.pages_compared;
        TURSO_TRY(bool same, is_same(page, pages.column_blob(1)));
        if (!same) todo_.push_back(page);
      }
    }
    for (std::uint32_t page = std::max(common, 1u) + 1; page <= image_.page_count; ++page)
      if (page != overlay_.lock_page()) todo_.push_back(page);
    return ok();
  }

  Result<bool> is_same(std::uint32_t page, ByteView live) {
    if (overlay_.is_modified(page)) {
      TURSO_CHECK(overlay_.read_page(page, buffer_));
      return std::equal(live.begin(), live.end(), buffer_.begin());
    }
    TURSO_TRY(std::uint64_t sum, overlay_.page_sum(page));
    return sum == sqlite::page_sum(page, live);
  }

  Status write() {
    TURSO_TRY(auto write_page, live_.prepare(sql::kWritePage));
    TURSO_TRY(auto write_and_cut, live_.prepare(sql::kWritePageOneAndCut));
    for (std::uint32_t page : todo_) {
      TURSO_CHECK(overlay_.read_page(page, buffer_));
      TURSO_CHECK(put(write_page, page, buffer_));
    }
    if (image_.page_count >= live_count_) return put(write_page, 1, page_one_);
    TURSO_CHECK(write_and_cut.bind_blob(1, page_one_));
    TURSO_CHECK(write_and_cut.bind_int(2, std::int64_t{image_.page_count} + 1));
    return write_and_cut.run();
  }

  static Status put(sqlite::Statement& write_page, std::uint32_t page, ByteView image) {
    TURSO_CHECK(write_page.bind_int(1, page));
    TURSO_CHECK(write_page.bind_blob(2, image));
    return write_page.run();
  }

  sqlite::Connection& live_;
  sqlite::Overlay& overlay_;
  const StagedImage& image_;
  const std::uint32_t page_size_;
  Bytes buffer_;
  Bytes live_page_one_;
  Bytes page_one_;
  std::uint32_t live_count_ = 0;
  std::vector<std::uint32_t> todo_;
};

unsigned int keep_all_free_pages(void*, const char*, unsigned int, unsigned int, unsigned int) { return 0; }

Error already_there(const ReplicaFiles& files) {
  return Error{ErrorKind::kMisuse, concat("create: ", files.live, " exists already")};
}

}  // namespace

Result<StagedImage> seal_staging(sqlite::Connection staging, sqlite::Overlay& overlay) {
  TURSO_CHECK(overlay.error());
  TURSO_ASSERT(staging.autocommit());
  StagedImage image;
  TURSO_TRY(std::int64_t count, staging.query_int(sql::kPageCount));
  if (count < 1) return Error{ErrorKind::kError, "publish: the staged image has 0 pages, at least 1 expected"};
  image.page_count = static_cast<std::uint32_t>(count);
  Bytes page_one(overlay.page_size());
  TURSO_CHECK(overlay.read_page(1, page_one));
  TURSO_TRY(image.schema_signature, schema_signature(staging, page_one));
  TURSO_CHECK(staging.close());
  TURSO_CHECK(overlay.error());
  return image;
}

LiveWriter::LiveWriter(ReplicaFiles files, sqlite::Connection connection, const Options& options)
    : files_(std::move(files)), connection_(std::move(connection)), options_(options) {}

Result<LiveWriter> LiveWriter::open(const ReplicaFiles& files, const Options& options) {
  sqlite::Connection::Options open_options;
  open_options.create = false;
  open_options.busy_timeout_ms = options.busy_timeout_ms;
  open_options.vfs = sqlite::shim_vfs();
  TURSO_TRY(auto connection, sqlite::Connection::open(files.live, open_options));
  sqlite3* raw = connection.handle();
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // With auto_vacuum=FULL the COMMIT would vacuum the half-new file.
  if (int code = sqlite3_autovacuum_pages(raw, keep_all_free_pages, nullptr, nullptr); code != SQLITE_OK)
    return connection.error(code);
  TURSO_CHECK(connection.exec(sql::kPublisherPragmas));

  TURSO_TRY(std::int64_t page_size, connection.query_int(sql::kPageSize));
  if (page_size != options.page_size)
    return refusal(ErrorKind::kSchema, "page_size",
                   concat(files.live, ": page size ", page_size, ", expected ", options.page_size));
  TURSO_TRY(Value mode, connection.query_value(sql::kJournalMode));
  if (mode.text() != "wal") {
    TURSO_TRY(mode, connection.query_value(sql::kSwitchToWal));
    if (mode.text() != "wal")
      return refusal(ErrorKind::kError, "not_wal",
                     concat(files.live, ": journal mode ", mode.text(), ", expected wal"));
  }
  return LiveWriter(files, std::move(connection), options);
}

Status LiveWriter::begin() {
  if (!connection_.autocommit())
    return Error{ErrorKind::kMisuse, "publish: a transaction is still open on the publishing connection"};
  return connection_.run(sqlite::sql::kBeginImmediate);
}

void LiveWriter::rollback() {
  if (!connection_) return;
  if (!connection_.autocommit()) discard(connection_.run(sqlite::sql::kRollback), "closing rolls back as well");
  connection_ = sqlite::Connection();
}

Result<Published> LiveWriter::publish(sqlite::Overlay& overlay, const StagedImage& image, std::uint64_t ident) {
  TURSO_ASSERT(connection_ && !connection_.autocommit());
  TURSO_ASSERT(overlay.page_size() == options_.page_size);
  Published published;
  Status written = Publisher(connection_, overlay, image).run(published);
  if (!written.has_value()) {
    rollback();
    return std::move(written).error();
  }
  Status committed = connection_.run(sqlite::sql::kCommit);
  rollback();
  if (committed.has_value()) {
    published.outcome = Published::Outcome::kCommitted;
    return published;
  }
  published.error = committed.error();
  auto identity = read_live_identity(files_);
  published.outcome = !identity.has_value()              ? Published::Outcome::kUnknown
                      : identity->changes_ident == ident ? Published::Outcome::kCommitted
                                                         : Published::Outcome::kNotCommitted;
  return published;
}

Status create_live(const ReplicaFiles& files, sqlite::Overlay& overlay, const StagedImage& image) {
  if (file_exists(files.live)) return already_there(files);
  {
    TURSO_TRY(File file, File::open(files.live_new, File::Mode::kTruncateReadWrite));
    Bytes page_image(overlay.page_size());
    for (std::uint64_t page = 1; page <= image.page_count; ++page) {
      TURSO_CHECK(overlay.read_page(static_cast<std::uint32_t>(page), page_image));
      if (page == 1) {
        page_image[kFileFormatAt] = page_image[kFileFormatAt + 1] = 2;
        store_u32_be(&page_image[kPageCountAt], image.page_count);
      }
      TURSO_CHECK(file.write_at((page - 1) * overlay.page_size(), page_image));
    }
    TURSO_CHECK(file.sync());
  }
  // SQLite would replay the log of a deleted P over the new one. Gone for good before the name P appears.
  TURSO_CHECK(remove_file(files.wal));
  TURSO_CHECK(remove_file(files.shm));
  TURSO_CHECK(sync_directory_of(files.live));
  if (file_exists(files.live)) return already_there(files);
  TURSO_CHECK(rename_file(files.live_new, files.live));
  return sync_directory_of(files.live);
}

void checkpoint_after_publish(sqlite::Connection& idle, const ReplicaFiles& files, std::uint64_t wal_bytes_max) {
  int log_frames = 0;
  int done_frames = 0;
  struct stat info {};
  bool large = ::stat(files.wal.c_str(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) > wal_bytes_max;
  sqlite3_wal_checkpoint_v2(idle.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &log_frames, &done_frames);
  if (large && log_frames == done_frames)
    sqlite3_wal_checkpoint_v2(idle.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

}  // namespace turso::sync

#include "sqlite/overlay_vfs.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/text.hpp"
#include "support/temp_dir.hpp"

namespace turso::sqlite {
namespace {

using test::TempDir;

constexpr std::uint32_t kPageSize = 4096;

// A layer from memory; `damaged` is a page whose reading fails.
class MemoryLayer : public PageSource {
 public:
  std::map<std::uint32_t, Bytes> pages;
  std::uint32_t damaged = 0;
  std::uint64_t reads = 0;

  Result<bool> read_page(std::uint32_t page, MutableByteView out) override {
    ++reads;
    if (page == damaged) return Error{ErrorKind::kCorrupt, concat("layer: page ", page, " does not have its sum")};
    auto found = pages.find(page);
    if (found == pages.end()) return false;
    std::copy(found->second.begin(), found->second.end(), out.begin());
    return true;
  }
  std::optional<std::uint64_t> page_sum(std::uint32_t page) const override {
    auto found = pages.find(page);
    if (found == pages.end()) return std::nullopt;
    return sqlite::page_sum(page, found->second);
  }
};

// The pages of a database that `sql` makes.
MemoryLayer layer_of(const std::string& path, const std::string& sql, std::uint32_t page_size = kPageSize) {
  Connection connection = Connection::open(path, {}).value();
  EXPECT_TRUE(connection.exec(concat("PRAGMA page_size=", page_size)).has_value());
  Status made = connection.exec(sql);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  MemoryLayer layer;
  Statement rows = connection.prepare("SELECT pgno, data FROM sqlite_dbpage").value();
  while (rows.step().value()) {
    ByteView page = rows.column_blob(1);
    layer.pages[static_cast<std::uint32_t>(rows.column_int(0))] = Bytes(page.begin(), page.end());
  }
  return layer;
}

Overlay::Options options_over(std::vector<PageSource*> layers, std::size_t page_count,
                              std::uint32_t page_size = kPageSize) {
  Overlay::Options options;
  options.page_size = page_size;
  options.page_count = static_cast<std::uint32_t>(page_count);
  options.layers = std::move(layers);
  options.temporary_directory = std::filesystem::temp_directory_path().string();
  return options;
}

const char* const kManyRows =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)"
    "INSERT INTO t SELECT i, 'row ' || i, zeroblob(i % 300) FROM n;"
    "CREATE INDEX ta ON t(a)";

sqlite3_file* file_of(Connection& connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return file;
}

TEST(Overlay, FirstLayerWinsAndTheRestIsZeros) {
  MemoryLayer upper;
  MemoryLayer lower;
  upper.pages[2] = Bytes(kPageSize, 'u');
  lower.pages[2] = Bytes(kPageSize, 'l');
  lower.pages[3] = Bytes(kPageSize, 'l');
  Overlay overlay(options_over({&upper, &lower}, 4));
  Bytes page(kPageSize);
  ASSERT_TRUE(overlay.read_page(2, page).has_value());
  EXPECT_EQ(page, Bytes(kPageSize, 'u'));
  ASSERT_TRUE(overlay.read_page(3, page).has_value());
  EXPECT_EQ(page, Bytes(kPageSize, 'l'));
  ASSERT_TRUE(overlay.read_page(4, page).has_value());
  EXPECT_EQ(page, Bytes(kPageSize));
  EXPECT_EQ(overlay.page_sum(3).value(), page_sum(3, Bytes(kPageSize, 'l')));
  EXPECT_EQ(overlay.page_sum(4).value(), zero_page_sum(4, kPageSize));
}

TEST(Overlay, AnImageInWalModeIsServedAsRollbackJournalAndStaysWhole) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), concat("PRAGMA journal_mode=WAL;", kManyRows));
  ASSERT_EQ(layer.pages[1][18], 2);
  Overlay overlay(options_over({&layer}, layer.pages.size()));
  Connection staging = overlay.connect().value();
  EXPECT_EQ(staging.query_value("PRAGMA journal_mode")->text(), "memory");
  EXPECT_EQ(staging.query_int("SELECT count(*) FROM t").value(), 2000);
  EXPECT_EQ(staging.query_value("PRAGMA integrity_check")->text(), "ok");
}

TEST(Overlay, AnEmptyImageBecomesADatabaseOfItsPageSize) {
  Overlay overlay(options_over({}, 0, 1024));
  Connection staging = overlay.connect().value();
  ASSERT_TRUE(staging.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)").has_value());
  EXPECT_EQ(staging.query_int("PRAGMA page_size").value(), 1024);
  EXPECT_EQ(overlay.page_count(), 2u);
}

TEST(Overlay, LayersAreNeverWritten) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), kManyRows);
  auto before = layer.pages;
  Overlay overlay(options_over({&layer}, layer.pages.size()));
  Connection staging = overlay.connect().value();
  ASSERT_TRUE(staging.exec("UPDATE t SET a = 'x' || a").has_value());
  EXPECT_EQ(layer.pages, before);
  EXPECT_GT(overlay.modified_pages().size(), 10u);
}

TEST(Overlay, PartsOfAPageAndTheEndOfTheFileReadAsSqliteExpects) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), "CREATE TABLE t(a)");
  layer.pages[2] = Bytes(kPageSize, 'x');
  Overlay overlay(options_over({&layer}, 2));
  Connection staging = overlay.connect().value();
  sqlite3_file* file = file_of(staging);
  Bytes out(100, 0xff);
  EXPECT_EQ(file->pMethods->xRead(file, out.data(), 16, kPageSize + 24), SQLITE_OK);
  EXPECT_EQ(out[15], 'x');
  EXPECT_EQ(out[16], 0xff);
  EXPECT_EQ(file->pMethods->xRead(file, out.data(), 100, 2 * kPageSize - 40), SQLITE_IOERR_SHORT_READ);
  EXPECT_EQ(out[39], 'x');
  EXPECT_EQ(out[40], 0);
  EXPECT_TRUE(overlay.error().has_value()) << "a short read is no failure";
}

// R15: what was cut off must not come back from a layer.
TEST(Overlay, APageThatComesBackByGrowthReadsAsZeros) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), "CREATE TABLE t(a)");
  for (std::uint32_t page = 2; page <= 10; ++page)
    layer.pages[page] = Bytes(kPageSize, static_cast<std::uint8_t>(page));
  Overlay overlay(options_over({&layer}, 10));
  Connection staging = overlay.connect().value();
  sqlite3_file* file = file_of(staging);
  Bytes image(kPageSize, 'w');
  ASSERT_EQ(file->pMethods->xWrite(file, image.data(), kPageSize, 6 * kPageSize), SQLITE_OK);
  ASSERT_EQ(file->pMethods->xTruncate(file, 4 * kPageSize), SQLITE_OK);
  ASSERT_EQ(file->pMethods->xWrite(file, image.data(), kPageSize, 8 * kPageSize), SQLITE_OK);
  EXPECT_EQ(overlay.page_count(), 9u);
  EXPECT_EQ(overlay.low_limit(), 4u);
  for (std::uint32_t page = 5; page <= 8; ++page) {
    ASSERT_TRUE(overlay.read_page(page, image).has_value());
    EXPECT_EQ(image, Bytes(kPageSize)) << page;
    EXPECT_EQ(overlay.page_sum(page).value(), zero_page_sum(page, kPageSize)) << page;
  }
  ASSERT_TRUE(overlay.read_page(4, image).has_value());
  EXPECT_EQ(image, Bytes(kPageSize, 4));
  EXPECT_EQ(overlay.modified_pages(), std::vector<std::uint32_t>{9});
}

TEST(Overlay, SpillsBeyondItsMemoryLimitAndReadsTheSame) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), kManyRows);
  auto rows_with_limit = [&](std::size_t limit) {
    Overlay::Options options = options_over({&layer}, layer.pages.size());
    options.memory_pages_max = limit;
    options.temporary_directory = dir.path();
    Overlay overlay(options);
    Overlay::ConnectionOptions small_cache;
    small_cache.cache_kib = 40;
    Connection staging = overlay.connect(small_cache).value();
    for (int round = 0; round < 3; ++round) {
      Status done = staging.exec(concat("UPDATE t SET b = zeroblob(", 100 + round * 50, "), a = a || 'z'; ",
                                        "DELETE FROM t WHERE id % 4 = ", round, "; VACUUM"));
      EXPECT_TRUE(done.has_value()) << done.error().message;
    }
    EXPECT_LE(overlay.memory_page_count(), limit);
    EXPECT_EQ(overlay.spilled_page_count() > 0, limit < 100);
    EXPECT_EQ(overlay.modified_pages().size(), overlay.memory_page_count() + overlay.spilled_page_count());
    EXPECT_EQ(staging.query_value("PRAGMA integrity_check")->text(), "ok");
    return staging.query_value("SELECT group_concat(id || a || length(b)) FROM t")->text();
  };
  std::string in_memory = rows_with_limit(100000);
  EXPECT_EQ(rows_with_limit(0), in_memory);
  EXPECT_EQ(rows_with_limit(7), in_memory);
  EXPECT_EQ(dir.entries(), std::vector<std::string>{"a.db"}) << "the spill file is anonymous";
}

TEST(Overlay, AHundredThousandRowsStayWithinTheMemoryLimit) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)");
  Overlay::Options options = options_over({&layer}, layer.pages.size());
  options.memory_pages_max = 64;
  options.temporary_directory = dir.path();
  Overlay overlay(options);
  Connection staging = overlay.connect().value();
  for (int chunk = 0; chunk < 100; ++chunk)
    ASSERT_TRUE(staging
                    .exec("BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) "
                          "INSERT INTO t(a) SELECT 'pending row ' || i FROM n; COMMIT")
                    .has_value());
  EXPECT_EQ(staging.query_int("SELECT count(*) FROM t").value(), 100000);
  EXPECT_EQ(overlay.memory_page_count(), 64u);
}

// R26: the failure of a layer must not be mistaken for a change that was rejected.
TEST(Overlay, TheFirstFailureIsKept) {
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), kManyRows);
  layer.damaged = 9;
  Overlay overlay(options_over({&layer}, layer.pages.size()));
  Connection staging = overlay.connect().value();
  EXPECT_FALSE(staging.exec("UPDATE t SET a = a || 'y'").has_value());
  ASSERT_FALSE(overlay.error().has_value());
  EXPECT_EQ(overlay.error().error().message, "layer: page 9 does not have its sum");
  layer.damaged = 0;
  EXPECT_FALSE(staging.exec("SELECT * FROM t").has_value()) << "every later read fails too";
  Bytes page(kPageSize);
  EXPECT_FALSE(overlay.read_page(2, page).has_value());
  EXPECT_FALSE(overlay.page_sum(2).has_value());
}

TEST(Overlay, ASpillThatFailsIsKept) {
  Overlay::Options options = options_over({}, 0);
  options.memory_pages_max = 1;
  options.temporary_directory = "/nonexistent-directory";
  Overlay overlay(options);
  Connection staging = overlay.connect().value();
  EXPECT_FALSE(staging.exec("CREATE TABLE t(a); INSERT INTO t VALUES(1)").has_value());
  ASSERT_FALSE(overlay.error().has_value());
  EXPECT_EQ(overlay.error().error().kind, ErrorKind::kIo);
}

// R14: with journal_mode=OFF both would silently keep the half-done change.
TEST(Overlay, RollbackToAndStatementAbortsUndoWholeChanges) {
  for (bool journal_in_file : {false, true}) {
    TempDir dir;
    MemoryLayer layer = layer_of(dir.path("a.db"), concat(kManyRows, "; CREATE UNIQUE INDEX tb ON t(b, id)"));
    Overlay::Options options = options_over({&layer}, layer.pages.size());
    options.memory_pages_max = 2;
    options.temporary_directory = dir.path();
    Overlay overlay(options);
    Overlay::ConnectionOptions tiny_cache;
    tiny_cache.cache_kib = 20;
    tiny_cache.journal_in_file = journal_in_file;
    Connection staging = overlay.connect(tiny_cache).value();
    auto state = [&] { return staging.query_value("SELECT sum(length(a)) || ' ' || count(*) FROM t")->text(); };
    std::string before = state();
    ASSERT_TRUE(staging
                    .exec("BEGIN; SAVEPOINT change; UPDATE t SET a = a || 'half'; DELETE FROM t WHERE id > 500;"
                          "ROLLBACK TO change; RELEASE change")
                    .has_value());
    EXPECT_EQ(state(), before);
    EXPECT_FALSE(staging.exec("UPDATE t SET id = CASE WHEN id < 1990 THEN id + 100000 ELSE 7777777 END").has_value());
    EXPECT_EQ(state(), before);
    ASSERT_TRUE(staging.exec("COMMIT").has_value());
    EXPECT_EQ(staging.query_value("PRAGMA integrity_check")->text(), "ok");
    EXPECT_EQ(dir.entries(), std::vector<std::string>{"a.db"});
    EXPECT_FALSE(std::filesystem::exists("staging-journal")) << "a journal in the working directory";
  }
}

// The same statements on a plain file give the same bytes, whatever the overlay keeps where.
TEST(Overlay, EqualsAPlainCopyByteForByte) {
  const char* const kChanges[] = {
      "UPDATE t SET a = 'longer text ' || a WHERE id % 3 = 0",
      "DELETE FROM t WHERE id BETWEEN 300 AND 1200",
      "PRAGMA incremental_vacuum",
      "CREATE TABLE u(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO u SELECT a, zeroblob(id) FROM t",
      "DROP INDEX ta",
      "INSERT INTO t(a, b) SELECT a, zeroblob(5000) FROM t LIMIT 40",
  };
  TempDir dir;
  MemoryLayer layer = layer_of(dir.path("a.db"), concat("PRAGMA auto_vacuum=2; ", kManyRows));
  const std::string plain_path = dir.path("a.db");
  Overlay::Options options = options_over({&layer}, layer.pages.size());
  options.memory_pages_max = 5;
  options.temporary_directory = dir.path();
  Overlay overlay(options);
  Overlay::ConnectionOptions small_cache;
  small_cache.cache_kib = 60;
  {
    Connection staging = overlay.connect(small_cache).value();
    Connection plain = Connection::open(plain_path, {}).value();
    ASSERT_TRUE(plain
                    .exec("PRAGMA cache_size=-60; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY;"
                          "PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON")
                    .has_value());
    for (const char* change : kChanges) {
      ASSERT_TRUE(staging.exec(change).has_value()) << change;
      ASSERT_TRUE(plain.exec(change).has_value()) << change;
    }
  }
  Bytes content = read_file(plain_path, 100'000'000).value();
  ASSERT_EQ(content.size(), std::size_t{overlay.page_count()} * kPageSize);
  Bytes page(kPageSize);
  for (std::uint32_t number = 1; number <= overlay.page_count(); ++number) {
    ASSERT_TRUE(overlay.read_page(number, page).has_value());
    ByteView expected = ByteView(content).subspan(std::size_t{number - 1} * kPageSize, kPageSize);
    EXPECT_TRUE(std::equal(page.begin(), page.end(), expected.begin())) << "page " << number;
  }
}

TEST(Overlay, TheLockBytePageIsNeverAPageOfTheImage) {
  set_lock_byte_offset_for_tests(65536);
  {
    TempDir dir;
    MemoryLayer layer = layer_of(dir.path("a.db"), kManyRows);
    ASSERT_GT(layer.pages.size(), 20u);
    layer.pages[17] = Bytes(kPageSize, 'x');  // a layer that holds it all the same
    Overlay overlay(options_over({&layer}, layer.pages.size()));
    Connection staging = overlay.connect().value();
    ASSERT_EQ(overlay.lock_page(), 17u);
    ASSERT_TRUE(staging.exec("UPDATE t SET a = a || 'w'; VACUUM").has_value());
    EXPECT_EQ(staging.query_value("PRAGMA integrity_check")->text(), "ok");
    EXPECT_FALSE(overlay.is_modified(17));
    Bytes page(kPageSize);
    ASSERT_TRUE(overlay.read_page(17, page).has_value());
    EXPECT_EQ(page, Bytes(kPageSize));
    EXPECT_EQ(overlay.page_sum(17).value(), zero_page_sum(17, kPageSize));
  }
  set_lock_byte_offset_for_tests(0x40000000);
}

}  // namespace
}  // namespace turso::sqlite

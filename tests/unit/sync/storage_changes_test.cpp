// storage_changes_test.cpp -- P-changes: what is written is read back, everything else is refused.
#include <gtest/gtest.h>

#include <random>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "support/temp_dir.hpp"
#include "sync/changes_file.hpp"

namespace turso::sync {
namespace {

using test::TempDir;

constexpr std::uint32_t kPageSize = 512;  // small, so that every byte can be tried

ChangesHeader incremental(std::uint32_t db_size) {
  ChangesHeader header;
  header.page_size = kPageSize;
  header.db_size = db_size;
  header.nonce = 0x1122334455667788;
  header.from_revision = "lineage:7";
  header.to_revision = "lineage:9";
  return header;
}

ChangesHeader complete(std::uint32_t db_size) {
  ChangesHeader header = incremental(db_size);
  header.replace = true;
  return header;
}

Bytes page_of(std::uint8_t value) { return Bytes(kPageSize, value); }

struct PageOf {
  std::uint32_t page;
  std::uint8_t value;
};

std::uint64_t write(const std::string& path, const ChangesHeader& header, const std::vector<PageOf>& pages,
                    std::uint32_t base_page_count = 100) {
  ChangesWriter writer = ChangesWriter::create(path, header, base_page_count).value();
  for (auto [page, value] : pages) EXPECT_TRUE(writer.add_page(page, page_of(value)).has_value());
  return writer.finish().value();
}

void put(const std::string& path, const Bytes& content) {
  File file = File::open(path, File::Mode::kTruncateReadWrite).value();
  ASSERT_TRUE(file.write_at(0, content).has_value());
}

std::string refusal_of(const std::string& path, std::uint32_t page_size = kPageSize) {
  auto loaded = ChangesFile::load(path, page_size);
  if (loaded.has_value()) return "accepted";
  EXPECT_EQ(loaded.error().kind, ErrorKind::kCorrupt) << loaded.error().message;
  return loaded.error().message;
}

TEST(ChangesFile, HoldsWhatArrived) {
  TempDir dir;
  std::uint64_t ident = write(dir.path("c"), incremental(20), {{5, 1}, {2, 2}, {9, 3}, {5, 4}});
  ChangesFile changes = ChangesFile::load(dir.path("c"), kPageSize).value();
  EXPECT_EQ(changes.ident(), ident);
  EXPECT_EQ(changes.header().db_size, 20u);
  EXPECT_EQ(changes.header().from_revision, "lineage:7");
  EXPECT_EQ(changes.header().to_revision, "lineage:9");
  EXPECT_FALSE(changes.header().replace);
  EXPECT_EQ(changes.pages(), (std::vector<std::uint32_t>{2, 5, 9}));
  Bytes page(kPageSize);
  ASSERT_TRUE(changes.read_page(5, page).value());
  EXPECT_EQ(page, page_of(4)) << "of a page that came twice the last one counts";
  EXPECT_EQ(*changes.page_sum(5), sqlite::page_sum(5, page_of(4)));
  EXPECT_FALSE(changes.read_page(6, page).value());
  EXPECT_EQ(dir.entries(), std::vector<std::string>{"c"});
}

// The bytes themselves: another program must be able to read them by the FORMAT comment alone.
TEST(ChangesFile, HasTheFormatOfItsComment) {
  TempDir dir;
  std::uint64_t ident = write(dir.path("c"), incremental(20), {{5, 1}, {2, 2}});
  Bytes file = read_file(dir.path("c"), 1 << 20).value();
  ASSERT_EQ(file.size(), 4096u + 2 * kPageSize + 2 * 12 + 64);
  EXPECT_EQ(as_text(ByteView(file).first(8)), "TSYCHG01");
  EXPECT_EQ(load_u32_le(&file[8]), kPageSize);
  EXPECT_EQ(load_u32_le(&file[12]), 0u);
  EXPECT_EQ(load_u32_le(&file[16]), 20u);
  EXPECT_EQ(load_u64_le(&file[24]), 0x1122334455667788u);
  EXPECT_EQ(load_u16_le(&file[32]), 9u);
  EXPECT_EQ(load_u16_le(&file[34]), 9u);
  EXPECT_EQ(as_text(ByteView(file).subspan(36, 18)), "lineage:7lineage:9");
  EXPECT_EQ(load_u64_le(&file[4088]), xxh64(ByteView(file).first(4088)));
  EXPECT_EQ(ByteView(file).subspan(4096, kPageSize)[0], 1);
  std::size_t index_at = 4096 + 2 * kPageSize;
  EXPECT_EQ(load_u32_le(&file[index_at]), 5u);
  EXPECT_EQ(load_u64_le(&file[index_at + 4]), xxh64(page_of(1), 5));
  std::size_t trailer_at = index_at + 24;
  EXPECT_EQ(as_text(ByteView(file).subspan(trailer_at, 8)), "TSYCHGE1");
  EXPECT_EQ(load_u64_le(&file[trailer_at + 8]), 2u);
  EXPECT_EQ(load_u64_le(&file[trailer_at + 16]), index_at);
  EXPECT_EQ(load_u64_le(&file[trailer_at + 32]), ident);
  Bytes hashed(file.begin(), file.begin() + 4096);
  hashed.insert(hashed.end(), file.begin() + static_cast<std::ptrdiff_t>(index_at),
                file.begin() + static_cast<std::ptrdiff_t>(trailer_at + 32));
  EXPECT_EQ(ident, xxh64(hashed));
}

TEST(ChangesFile, ARevisionMayMoveWithoutAnyPage) {
  TempDir dir;
  write(dir.path("c"), incremental(20), {});
  EXPECT_TRUE(ChangesFile::load(dir.path("c"), kPageSize).value().pages().empty());
}

TEST(ChangesFile, AnEmptyRemoteIsACompleteImageOfNoPages) {
  TempDir dir;
  write(dir.path("c"), complete(0), {});
  ChangesFile changes = ChangesFile::load(dir.path("c"), kPageSize).value();
  EXPECT_TRUE(changes.header().replace);
  EXPECT_EQ(changes.header().db_size, 0u);
  EXPECT_EQ(changes.header().from_revision, "") << "a complete image continues nothing";
}

TEST(ChangesFile, PagesTheRemoteGrewByAndDidNotSendAreZeros) {
  TempDir dir;
  write(dir.path("c"), incremental(8), {{2, 1}, {7, 2}}, 5);
  ChangesFile changes = ChangesFile::load(dir.path("c"), kPageSize).value();
  EXPECT_EQ(changes.pages(), (std::vector<std::uint32_t>{2, 6, 7, 8}));
  Bytes page(kPageSize);
  ASSERT_TRUE(changes.read_page(6, page).value());
  EXPECT_EQ(page, page_of(0));
}

TEST(ChangesFile, AServerCannotMakeUsWriteZerosWithoutEnd) {
  TempDir dir;
  ChangesWriter writer = ChangesWriter::create(dir.path("c"), incremental(4'000'000'000), 5).value();
  auto finished = writer.finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().kind, ErrorKind::kProtocol);
}

TEST(ChangesFile, AnUnfinishedDownloadLeavesNothing) {
  TempDir dir;
  {
    ChangesWriter writer = ChangesWriter::create(dir.path("c"), complete(3), 0).value();
    ASSERT_TRUE(writer.add_page(1, page_of(1)).has_value());
    EXPECT_EQ(dir.entries(), std::vector<std::string>{"c.tmp"});
    auto finished = writer.finish();
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().message, "download: 1 pages of a complete image of 3");
  }
  EXPECT_TRUE(dir.entries().empty());
}

TEST(ChangesFile, PagesThatCannotBeAreRefusedAsTheyArrive) {
  TempDir dir;
  ChangesWriter writer = ChangesWriter::create(dir.path("c"), incremental(3), 3).value();
  EXPECT_EQ(writer.add_page(4, page_of(1)).error().message, "download: page 4 of a database of 3");
  EXPECT_EQ(writer.add_page(0, page_of(1)).error().kind, ErrorKind::kProtocol);
  EXPECT_EQ(writer.add_page(2, Bytes(511)).error().message, "download: page 2 is 511 bytes, expected 512");
}

TEST(ChangesFile, AnotherPageSizeIsATypedRefusal) {
  TempDir dir;
  write(dir.path("c"), incremental(3), {});
  auto loaded = ChangesFile::load(dir.path("c"), 4096);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().condition, "page_size");
  EXPECT_NE(loaded.error().message.find("page size 512, expected 4096"), std::string::npos);
}

TEST(ChangesFile, EveryTruncationIsRefused) {
  TempDir dir;
  write(dir.path("c"), incremental(20), {{5, 1}, {2, 2}});
  File file = File::open(dir.path("c"), File::Mode::kReadWrite).value();
  for (std::uint64_t size = file.size().value(); size-- > 0;) {
    ASSERT_TRUE(file.truncate(size).has_value());
    ASSERT_NE(refusal_of(dir.path("c")), "accepted") << size;
  }
}

TEST(ChangesFile, AppendedBytesAreRefused) {
  TempDir dir;
  write(dir.path("c"), incremental(20), {{5, 1}});
  Bytes whole = read_file(dir.path("c"), 1 << 20).value();
  for (std::size_t more : {1u, 12u, 64u, 512u, 524u, 4096u}) {
    Bytes longer = whole;
    longer.resize(whole.size() + more);
    put(dir.path("longer"), longer);
    ASSERT_NE(refusal_of(dir.path("longer")), "accepted") << more;
    // The trailer again at the new end: everything but the layout is right.
    std::copy(whole.end() - 64, whole.end(), longer.end() - 64);
    put(dir.path("longer"), longer);
    ASSERT_NE(refusal_of(dir.path("longer")), "accepted") << more;
  }
}

// A flip in a page is found when the page is read, any other when the file is loaded.
TEST(ChangesFile, EveryFlippedBitIsFound) {
  TempDir dir;
  write(dir.path("c"), incremental(20), {{5, 1}, {2, 2}});
  Bytes whole = read_file(dir.path("c"), 1 << 20).value();
  std::mt19937_64 random(1);
  File file = File::open(dir.path("c"), File::Mode::kReadWrite).value();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::size_t restored = at == 0 ? 0 : at - 1;
    ASSERT_TRUE(file.write_at(restored, ByteView(whole).subspan(restored, 1)).has_value());
    auto flipped = static_cast<std::uint8_t>(whole[at] ^ (1u << (random() % 8)));
    ASSERT_TRUE(file.write_at(at, {&flipped, 1}).has_value());
    auto loaded = ChangesFile::load(dir.path("c"), kPageSize);
    bool in_a_page = at >= 4096 && at < 4096 + 2 * kPageSize;
    ASSERT_EQ(loaded.has_value(), in_a_page) << at;
    if (!in_a_page) continue;
    Bytes page(kPageSize);
    auto read = loaded->read_page(at < 4096 + kPageSize ? 5 : 2, page);
    ASSERT_FALSE(read.has_value()) << at;
    EXPECT_EQ(read.error().condition, "changes_damaged");
  }
}

// Files whose sums are right and whose content is not: what a broken writer could make.
TEST(ChangesFile, RightSumsDoNotExcuseWrongContent) {
  TempDir dir;
  write(dir.path("c"), incremental(20), {{5, 1}, {2, 2}});
  const Bytes whole = read_file(dir.path("c"), 1 << 20).value();
  const std::size_t index_at = 4096 + 2 * kPageSize;
  auto refused_after = [&](auto change) {
    Bytes file = whole;
    change(file);
    store_u64_le(&file[4088], xxh64(ByteView(file).first(4088)));
    Bytes hashed(file.begin(), file.begin() + 4096);
    append(hashed, ByteView(file).subspan(index_at, 24 + 32));
    store_u64_le(&file[index_at + 24 + 32], xxh64(hashed));
    put(dir.path("x"), file);
    return refusal_of(dir.path("x"));
  };
  EXPECT_EQ(refused_after([](Bytes&) {}), "accepted") << "the sums of this test are right";
  EXPECT_NE(refused_after([](Bytes& f) { f[12] = 2; }).find("unknown flags 2"), std::string::npos);
  EXPECT_NE(refused_after([](Bytes& f) { f[12] = 1; }).find("continues a revision"), std::string::npos);
  EXPECT_NE(refused_after([](Bytes& f) { f[20] = 1; }).find("must be zero"), std::string::npos);
  EXPECT_NE(refused_after([](Bytes& f) { f[4000] = 1; }).find("must be zero"), std::string::npos);
  EXPECT_NE(refused_after([](Bytes& f) { store_u16_le(&f[32], 1025); }).find("1025"), std::string::npos);
  EXPECT_NE(refused_after([&](Bytes& f) { f[index_at] = 0; }).find("page 0 in a database of 20"), std::string::npos);
  EXPECT_NE(refused_after([&](Bytes& f) { f[index_at] = 21; }).find("page 21 in a database"), std::string::npos);
  EXPECT_NE(refused_after([&](Bytes& f) { f[index_at + 24 + 24] ^= 1; }).find("two downloads"), std::string::npos);
  EXPECT_NE(refused_after([&](Bytes& f) { f[index_at + 24 + 60] = 1; }).find("must be zero"), std::string::npos);
  EXPECT_NE(refused_after([&](Bytes& f) { f[index_at + 24 + 16] ^= 1; }).find("do not fit"), std::string::npos);
}

TEST(ChangesFile, ACompleteImageNeedsEveryPage) {
  TempDir dir;
  write(dir.path("c"), complete(2), {{1, 1}, {2, 2}});
  Bytes file = read_file(dir.path("c"), 1 << 20).value();
  EXPECT_EQ(refusal_of(dir.path("c")), "accepted");
  store_u32_le(&file[16], 3);  // one page more than there is
  store_u64_le(&file[4088], xxh64(ByteView(file).first(4088)));
  Bytes hashed(file.begin(), file.begin() + 4096);
  append(hashed, ByteView(file).subspan(4096 + 2 * kPageSize, 24 + 32));
  store_u64_le(&file[4096 + 2 * kPageSize + 24 + 32], xxh64(hashed));
  put(dir.path("x"), file);
  EXPECT_NE(refusal_of(dir.path("x")).find("2 pages of a complete image of 3"), std::string::npos);
}

TEST(ChangesFile, TheLockBytePageIsNotStored) {
  sqlite::set_lock_byte_offset_for_tests(2048);  // page 5
  {
    TempDir dir;
    write(dir.path("c"), complete(6), {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}});
    ChangesFile changes = ChangesFile::load(dir.path("c"), kPageSize).value();
    EXPECT_EQ(changes.pages(), (std::vector<std::uint32_t>{1, 2, 3, 4, 6}));
    sqlite::set_lock_byte_offset_for_tests(512);  // page 2: now the same file holds the lock-byte page
    EXPECT_NE(refusal_of(dir.path("c")), "accepted");
  }
  sqlite::set_lock_byte_offset_for_tests(0x40000000);
}

}  // namespace
}  // namespace turso::sync

// The map is believed only if it was closed cleanly over exactly this file.
#include "server/page_map.hpp"

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "server_fixture.hpp"

namespace turso::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PageMapTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(write_file_durably(database_, to_bytes("a database")).has_value()); }
  PageMap open() {
    auto map = PageMap::open(map_, database_, environment_);
    EXPECT_TRUE(map.has_value());
    return std::move(map).value();
  }
  // A map with three steps behind it, closed cleanly.
  Revision written() {
    PageMap map = open();
    EXPECT_TRUE(map.mark_open().has_value());
    map.set_page_count(5);
    map.advance(std::set<std::uint32_t>{2, 4}, 5, 5);
    map.advance(std::set<std::uint32_t>{4}, 5, 5);
    map.advance(std::set<std::uint32_t>{1}, 3, 6);
    EXPECT_TRUE(map.close_clean(database_, stamp_of(database_).value()).has_value());
    return map.revision();
  }

  test::TempDir dir_;
  std::string database_ = dir_.path("a.db");
  std::string map_ = dir_.path("a.db-pages");
  TestEnvironment environment_;
};

TEST_F(PageMapTest, KnowsWhatChangedAfterACounter) {
  PageMap map = open();
  map.set_page_count(5);
  map.advance(std::set<std::uint32_t>{2, 4}, 5, 5);
  map.advance(std::set<std::uint32_t>{4}, 5, 5);
  EXPECT_THAT(map.changed_after(0, 5), ElementsAre(2, 4));
  EXPECT_THAT(map.changed_after(1, 5), ElementsAre(4));
  EXPECT_THAT(map.changed_after(2, 5), IsEmpty());
  EXPECT_THAT(map.changed_after(0, 3), ElementsAre(2));
}

TEST_F(PageMapTest, PagesThatFellOffTheEndAndCameBackHaveChanged) {
  PageMap map = open();
  map.set_page_count(9);
  map.advance(std::set<std::uint32_t>{1}, 4, 6);
  EXPECT_THAT(map.changed_after(0, 6), ElementsAre(1, 5, 6));
}

TEST_F(PageMapTest, ContinuesAfterACleanClose) {
  Revision before = written();
  PageMap map = open();
  EXPECT_TRUE(map.continued());
  EXPECT_TRUE(map.describes(database_));
  EXPECT_EQ(map.revision(), before);
  EXPECT_EQ(map.page_count(), 6u);
  EXPECT_THAT(map.changed_after(1, 6), ElementsAre(1, 4, 5, 6));
}

TEST_F(PageMapTest, BeginsALineageWhenItWasNotClosed) {
  Revision before = written();
  EXPECT_TRUE(open().mark_open().has_value());
  PageMap map = open();
  EXPECT_FALSE(map.continued());
  EXPECT_NE(map.revision().lineage, before.lineage);
  EXPECT_THAT(map.changed_after(0, 6), IsEmpty());
}

TEST_F(PageMapTest, BeginsALineageWhenTheDatabaseIsNotWhatItWas) {
  Revision before = written();
  ASSERT_TRUE(write_file_durably(database_, to_bytes("a Database")).has_value());
  EXPECT_NE(open().revision().lineage, before.lineage);
}

TEST_F(PageMapTest, IsNotClosedCleanlyOverAFileThatHasChanged) {
  PageMap map = open();
  ASSERT_TRUE(map.mark_open().has_value());
  FileStamp stamp = stamp_of(database_).value();
  ASSERT_TRUE(write_file_durably(database_, to_bytes("a database, longer")).has_value());
  ASSERT_TRUE(map.close_clean(database_, stamp).has_value());
  EXPECT_NE(open().revision().lineage, map.revision().lineage);
}

TEST_F(PageMapTest, BeginsALineageWhenALogWasLeft) {
  Revision before = written();
  ASSERT_TRUE(write_file_durably(database_ + "-wal", to_bytes("frames")).has_value());
  EXPECT_NE(open().revision().lineage, before.lineage);
}

TEST_F(PageMapTest, NoDamageOfItsFileIsBelieved) {
  Revision before = written();
  Bytes good = read_file(map_, 1 << 20).value();
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes damaged = good;
    damaged[at] ^= 0x10;
    ASSERT_TRUE(write_file_durably(map_, damaged).has_value());
    EXPECT_NE(open().revision().lineage, before.lineage) << "byte " << at;
    damaged = good;
    damaged.resize(at);
    ASSERT_TRUE(write_file_durably(map_, damaged).has_value());
    EXPECT_NE(open().revision().lineage, before.lineage) << "cut at " << at;
  }
  ASSERT_TRUE(write_file_durably(map_, good).has_value());
  EXPECT_EQ(open().revision(), before);
}

TEST(Revision, ReadsItsOwnTokensOnly) {
  Revision revision{0x0123456789abcdef, 42};
  EXPECT_EQ(revision.token(), "0123456789abcdef:42");
  EXPECT_EQ(Revision::parse(revision.token()), revision);
  for (const char* strange :
       {"", "42", "0123456789abcdef:", "0123456789abcdef", "0123456789abcdeg:1", "0123456789ABCDEF:1",
        "0123456789abcdef:1x", "0123456789abcdef:-1", "0123456789abcdef:99999999999999999999"})
    EXPECT_FALSE(Revision::parse(strange).has_value()) << strange;
}

}  // namespace
}  // namespace turso::server

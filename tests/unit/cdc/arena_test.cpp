#include "cdc/arena.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/temp_dir.hpp"

namespace turso::cdc {
namespace {

class ArenaTest : public ::testing::Test {
 protected:
  test::TempDir dir_;
  Arena arena_{dir_.path(), 256};  // small, so that a few rows reach the file

  void add(int id) {
    Value table("t"), row_id(id);
    Bytes image(static_cast<std::size_t>(id % 100), static_cast<std::uint8_t>(id));
    Value after(image);
    Change change;
    change.type = ChangeType::kInsert;
    change.marks = kMarkTrigger;
    change.time = 1000 + id;
    change.table_name = Field::of(table);
    change.id = Field::of(row_id);
    change.after = Field::of(after);
    ASSERT_TRUE(arena_.append(change).has_value());
  }
  std::string ids(Arena::Position from = {}) {
    std::string out;
    for (Arena::Cursor cursor(arena_, from); !cursor.at_end();) {
      Result<Change> change = cursor.next();
      EXPECT_TRUE(change.has_value());
      EXPECT_EQ(change->after.bytes.size(), static_cast<std::size_t>(change->id.integer % 100));
      EXPECT_EQ(change->time, 1000 + change->id.integer);
      out += std::to_string(change->id.integer) + " ";
    }
    return out;
  }
};

TEST_F(ArenaTest, KeepsTheOrderOfTheWritesAcrossTheMemoryLimit) {
  std::string expected;
  for (int id = 1; id <= 500; ++id) {
    add(id);
    expected += std::to_string(id) + " ";
  }
  EXPECT_GT(arena_.spilled(), 0u);
  EXPECT_EQ(ids(), expected);
  EXPECT_TRUE(dir_.entries().empty()) << "the file has no name";
}

TEST_F(ArenaTest, ReadsFromAPosition) {
  for (int id = 1; id <= 20; ++id) add(id);
  Arena::Position middle = arena_.end();
  for (int id = 21; id <= 23; ++id) add(id);
  EXPECT_EQ(ids(middle), "21 22 23 ");
}

TEST_F(ArenaTest, TruncatesWhatLiesInMemoryAndInTheFile) {
  add(1);
  Arena::Position first = arena_.end();
  add(2);
  Arena::Position second = arena_.end();
  for (int id = 3; id <= 50; ++id) add(id);
  ASSERT_GT(arena_.spilled(), second.offset);
  arena_.truncate(second);
  EXPECT_EQ(ids(), "1 2 ");
  add(7);
  EXPECT_EQ(ids(), "1 2 7 ");
  arena_.truncate(first);
  for (int id = 60; id <= 90; ++id) add(id);
  EXPECT_EQ(ids().substr(0, 8), "1 60 61 ");
  EXPECT_EQ(arena_.end().rows, 32);
}

TEST_F(ArenaTest, ClearLeavesNothing) {
  for (int id = 1; id <= 50; ++id) add(id);
  arena_.clear();
  EXPECT_EQ(arena_.end(), Arena::Position());
  EXPECT_EQ(ids(), "");
}

TEST_F(ArenaTest, ACommitRecordHasNoData) {
  Change commit;
  commit.time = 5;
  ASSERT_TRUE(arena_.append(commit).has_value());
  Arena::Cursor cursor(arena_, {});
  Change read = cursor.next().value();
  EXPECT_EQ(read.type, ChangeType::kCommit);
  for (const Field& field : {read.table_name, read.id, read.before, read.after, read.updates})
    EXPECT_EQ(field.type, ValueType::kNull);
}

TEST(SpillBuffer, ADirectoryThatIsNotThereIsAnError) {
  Arena arena("/nonexistent/folder", 0);
  EXPECT_FALSE(arena.append(Change()).has_value());
}

}  // namespace
}  // namespace turso::cdc

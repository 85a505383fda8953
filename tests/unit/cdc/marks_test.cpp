#include "cdc/marks.hpp"

#include <gtest/gtest.h>

namespace turso::cdc {
namespace {

TEST(Marks, AnAbsentTableHasNone) {
  sqlite::Connection db = sqlite::Connection::open(":memory:", {}).value();
  Marks marks = Marks::read(db, 0).value();
  EXPECT_FALSE(marks.has(1, kMarkTrigger));
}

TEST(Marks, ARangeHoldsItsEndsAndKindsAreApart) {
  sqlite::Connection db = sqlite::Connection::open(":memory:", {}).value();
  ASSERT_TRUE(db.exec("CREATE TABLE turso_cdc_marks(first_change_id, last_change_id, kind);"
                      "INSERT INTO turso_cdc_marks VALUES(5, 7, 'trigger'), (6, 7, 'key_change'), (20, 20, 'trigger')")
                  .has_value());
  Marks marks = Marks::read(db, 0).value();
  std::string seen;
  for (std::int64_t id = 4; id <= 21; ++id) {
    if (marks.has(id, kMarkTrigger)) seen += std::to_string(id) + " ";
  }
  EXPECT_EQ(seen, "5 6 7 20 ");
  EXPECT_FALSE(marks.has(5, kMarkKeyChange));
  EXPECT_TRUE(marks.has(6, kMarkKeyChange));
  EXPECT_FALSE(marks.has(6, kMarkForeignKey));
}

TEST(Marks, RangesBelowTheStartAreNotRead) {
  sqlite::Connection db = sqlite::Connection::open(":memory:", {}).value();
  ASSERT_TRUE(db.exec("CREATE TABLE turso_cdc_marks(first_change_id, last_change_id, kind);"
                      "INSERT INTO turso_cdc_marks VALUES(1, 2, 'trigger'), (3, 9, 'trigger')")
                  .has_value());
  Marks marks = Marks::read(db, 4).value();
  EXPECT_FALSE(marks.has(2, kMarkTrigger));
  EXPECT_TRUE(marks.has(5, kMarkTrigger));
}

}  // namespace
}  // namespace turso::cdc

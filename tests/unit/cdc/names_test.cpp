#include "cdc/names.hpp"

#include <gtest/gtest.h>

namespace turso::cdc {
namespace {

TEST(Names, BookkeepingIsToldByExactNameInAnyCase) {
  EXPECT_TRUE(is_bookkeeping_table("turso_cdc"));
  EXPECT_TRUE(is_bookkeeping_table("Turso_Sync_Meta"));
  EXPECT_FALSE(is_bookkeeping_table("turso_cdc2"));
  EXPECT_FALSE(is_bookkeeping_table("turso_foo"));
}

TEST(Names, TheServersTableAndReservedNamesAreNoUserTables) {
  EXPECT_TRUE(is_user_table("turso_foo"));
  EXPECT_TRUE(is_user_table("t"));
  EXPECT_FALSE(is_user_table("TURSO_SYNC_last_change_id"));
  EXPECT_FALSE(is_user_table("sqlite_sequence"));
  EXPECT_FALSE(is_user_table("__turso_internal_seq_t"));
  EXPECT_FALSE(is_user_table("turso_cdc_marks"));
}

}  // namespace
}  // namespace turso::cdc

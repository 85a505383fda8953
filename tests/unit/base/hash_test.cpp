#include "base/hash.hpp"

#include <gtest/gtest.h>

namespace turso {
namespace {

// Published vectors of XXH64.
TEST(Hash, Xxh64MatchesItsPublishedVectors) {
  EXPECT_EQ(xxh64(ByteView{}, 0), 0xef46db3751d8e999ull);
  EXPECT_EQ(xxh64(as_bytes("a"), 0), 0xd24ec4f1a98c6e5bull);
  EXPECT_EQ(xxh64(as_bytes("abc"), 0), 0x44bc2cf5ad770999ull);
}

TEST(Hash, PiecesHashLikeTheWhole) {
  EXPECT_EQ(xxh64({as_bytes("ab"), ByteView{}, as_bytes("c")}, 7), xxh64(as_bytes("abc"), 7));
}

}  // namespace
}  // namespace turso

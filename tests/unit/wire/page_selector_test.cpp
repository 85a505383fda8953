#include "wire/page_selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <roaring/roaring.h>

#include <algorithm>
#include <memory>
#include <random>

#include "unit/wire/hex.hpp"

namespace turso::wire {
namespace {

using Ranges = std::vector<PageRange>;
using Bitmap = std::unique_ptr<roaring_bitmap_t, decltype(&roaring_bitmap_free)>;

Bitmap make_bitmap() { return {roaring_bitmap_create(), roaring_bitmap_free}; }

Bytes portable(const roaring_bitmap_t* bitmap) {
  Bytes out(roaring_bitmap_portable_size_in_bytes(bitmap));
  roaring_bitmap_portable_serialize(bitmap, reinterpret_cast<char*>(out.data()));
  return out;
}

Bitmap read_by_oracle(const Bytes& bytes) {
  return {roaring_bitmap_portable_deserialize_safe(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
          roaring_bitmap_free};
}

Bitmap of_ranges(const Ranges& ranges) {
  Bitmap bitmap = make_bitmap();
  for (const PageRange& range : ranges) roaring_bitmap_add_range(bitmap.get(), range.begin, range.end);
  return bitmap;
}

Ranges decoded(const Bytes& bytes) {
  auto result = decode_page_selector(bytes);
  EXPECT_TRUE(result.has_value()) << result.error().message << " in " << to_hex(bytes);
  return result ? *result : Ranges{};
}

TEST(PageSelector, RangeAsTheOfficialClientWritesIt) {
  Bytes bytes = encode_page_range(0, 49);
  EXPECT_EQ(bytes, from_hex("3b300000 01 00003000 0100 00003000"));
  EXPECT_EQ(decoded(bytes), (Ranges{{0, 49}}));
}

TEST(PageSelector, ListAsTheOfficialClientWritesIt) {
  Bytes bytes = encode_page_list({1, 3, 65536});
  EXPECT_EQ(bytes, from_hex("3a300000 02000000 00000100 01000000 18000000 1c000000 0100 0300 0000"));
  EXPECT_EQ(decoded(bytes), (Ranges{{1, 2}, {3, 4}, {65536, 65537}}));
}

TEST(PageSelector, NothingIsAnEmptyBitmapNotAnEmptyText) {
  EXPECT_EQ(encode_page_list({}), from_hex("3a300000 00000000"));
  EXPECT_EQ(encode_page_range(7, 7), encode_page_list({}));
  EXPECT_EQ(decoded(encode_page_list({})), Ranges{});
}

TEST(PageSelector, RangesOfAnyWidthReadTheSameByTheOracle) {
  for (PageRange range : Ranges{{0, 1},
                                {5, 65536},
                                {65535, 65537},
                                {0, 3 * 65536},
                                {1, 3 * 65536 + 1},  // four containers: the first width with offsets
                                {70000, 9 * 65536 + 5},
                                {0, 0xffffffffu}}) {
    Bytes bytes = encode_page_range(range.begin, range.end);
    Bitmap oracle = read_by_oracle(bytes);
    ASSERT_NE(oracle, nullptr) << range.begin << ".." << range.end;
    EXPECT_EQ(roaring_bitmap_get_cardinality(oracle.get()), range.end - range.begin);
    EXPECT_TRUE(roaring_bitmap_contains_range(oracle.get(), range.begin, range.end));
    EXPECT_EQ(decoded(bytes), Ranges{range});
  }
}

TEST(PageSelector, DenseListsBecomeBitmapsAsReadersExpect) {
  std::vector<std::uint32_t> even;
  for (std::uint32_t id = 0; id < 2 * 4097; id += 2) even.push_back(id);
  Bytes bytes = encode_page_list(even);
  Bitmap oracle = read_by_oracle(bytes);
  ASSERT_NE(oracle, nullptr);
  EXPECT_EQ(roaring_bitmap_get_cardinality(oracle.get()), 4097u);
  EXPECT_EQ(decoded(bytes).size(), 4097u);
  even.pop_back();  // 4096: the last cardinality that is an array
  EXPECT_EQ(encode_page_list(even).size(), 16u + 2 * 4096);
  EXPECT_EQ(decoded(encode_page_list(even)).size(), 4096u);
}

TEST(PageSelector, JoinsWhatTouchesAcrossContainers) {
  Bitmap bitmap = of_ranges({{0, 65536}, {65536, 65540}});
  EXPECT_EQ(decoded(portable(bitmap.get())), (Ranges{{0, 65540}}));
  roaring_bitmap_run_optimize(bitmap.get());
  EXPECT_EQ(decoded(portable(bitmap.get())), (Ranges{{0, 65540}}));
}

TEST(PageSelector, AFullBitmapMeansEveryPageThatCanExist) {
  Bitmap bitmap = make_bitmap();
  roaring_bitmap_add_range_closed(bitmap.get(), 0, 0xffffffffu);
  roaring_bitmap_run_optimize(bitmap.get());
  EXPECT_EQ(decoded(portable(bitmap.get())), (Ranges{{0, 0xffffffffu}}));
}

TEST(PageSelector, ContainsAsksTheRanges) {
  Ranges ranges = {{3, 5}, {9, 10}};
  for (std::uint32_t id = 0; id < 12; ++id)
    EXPECT_EQ(selector_contains(ranges, id), id == 3 || id == 4 || id == 9) << id;
  EXPECT_FALSE(selector_contains({}, 0));
}

TEST(PageSelector, RefusesDamage) {
  const std::pair<const char*, const char*> damaged[] = {
      {"nothing", ""},
      {"another cookie", "39300000 00000000"},
      {"more containers than bytes", "3a300000 00000100"},
      {"cut in the descriptions", "3a300000 01000000 0000"},
      {"cut in the array", "3a300000 01000000 00000100 10000000 0500"},
      {"array out of order", "3a300000 01000000 00000100 10000000 0500 0500"},
      {"offset that points elsewhere", "3a300000 01000000 00000000 11000000 0500"},
      {"containers out of order", "3a300000 02000000 01000000 01000000 18000000 1a000000 0500 0500"},
      {"run beyond its container", "3b300000 01 00000100 0100 ffff 0100"},
      {"runs that overlap", "3b300000 01 00000300 0200 0000 0100 0100 0100"},
      {"run of another cardinality", "3b300000 01 00000200 0100 0000 0300"},
      {"bytes behind the end", "3b300000 01 00003000 0100 00003000 00"},
  };
  for (auto [what, hex] : damaged) {
    auto result = decode_page_selector(from_hex(hex));
    ASSERT_FALSE(result.has_value()) << what;
    EXPECT_EQ(result.error().kind, ErrorKind::kProtocol) << what;
  }
}

TEST(PageSelector, BitmapsOfAnotherCardinalityAreDamage) {
  std::vector<std::uint32_t> even;
  for (std::uint32_t id = 0; id < 2 * 5000; id += 2) even.push_back(id);
  Bytes bytes = encode_page_list(even);
  bytes[20] ^= 0x02;
  EXPECT_FALSE(decode_page_selector(bytes).has_value());
}

// Any set that libroaring writes, in the mixture of containers it chooses, reads as the same set here.
TEST(PageSelector, AgreesWithTheOracleOnRandomSets) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    Bitmap bitmap = make_bitmap();
    auto near = static_cast<std::uint32_t>(random() % 0xfff00000u);
    for (std::uint64_t part = random() % 6; part > 0; --part) {
      auto begin = static_cast<std::uint32_t>(near + random() % 400000);
      if (random() % 2 == 0) {
        roaring_bitmap_add_range(bitmap.get(), begin, begin + random() % 200000);
      } else {
        std::uint64_t step = 1 + random() % 20;
        for (std::uint64_t i = random() % 9000; i > 0; --i)
          roaring_bitmap_add(bitmap.get(), static_cast<std::uint32_t>(begin + i * step));
      }
    }
    if (random() % 2 == 0) roaring_bitmap_run_optimize(bitmap.get());

    Ranges ranges = decoded(portable(bitmap.get()));
    Bitmap again = of_ranges(ranges);
    ASSERT_TRUE(roaring_bitmap_equals(bitmap.get(), again.get()));
    for (std::size_t i = 1; i < ranges.size(); ++i) ASSERT_LT(ranges[i - 1].end, ranges[i].begin);

    std::vector<std::uint32_t> ids(roaring_bitmap_get_cardinality(bitmap.get()));
    roaring_bitmap_to_uint32_array(bitmap.get(), ids.data());
    Bytes list = encode_page_list(ids);
    Bitmap by_oracle = read_by_oracle(list);
    ASSERT_NE(by_oracle, nullptr);
    ASSERT_TRUE(roaring_bitmap_equals(bitmap.get(), by_oracle.get()));
    ASSERT_EQ(decoded(list), ranges);
    for (int probe = 0; probe < 20; ++probe) {
      auto id = static_cast<std::uint32_t>(near + random() % 600000);
      ASSERT_EQ(selector_contains(ranges, id), roaring_bitmap_contains(bitmap.get(), id)) << id;
    }
  }
}

}  // namespace
}  // namespace turso::wire

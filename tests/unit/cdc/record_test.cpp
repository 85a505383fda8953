#include "cdc/record.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace turso::cdc {
namespace {

std::string hex(std::vector<Value> values) { return to_hex(encode_record(values)); }

// cdc-cases.md B27: what the reference writes for these rows.
TEST(Record, GoldenBytesOfIntegers) {
  EXPECT_EQ(hex({0, 1}), "030809");
  EXPECT_EQ(hex({127, 128}), "0301027f0080");
  EXPECT_EQ(hex({128, -128}), "030201008080");
  EXPECT_EQ(hex({-129, 32768}), "030203ff7f008000");
}

TEST(Record, EachIntegerTakesTheSmallestTypeThatHoldsIt) {
  EXPECT_EQ(hex({8388607}), "02037fffff");
  EXPECT_EQ(hex({8388608}), "020400800000");
  EXPECT_EQ(hex({std::int64_t{1} << 31}), "0205000080000000");
  EXPECT_EQ(hex({(std::int64_t{1} << 47) - 1}), "02057fffffffffff");
  EXPECT_EQ(hex({std::int64_t{1} << 47}), "02060000800000000000");
  EXPECT_EQ(hex({std::numeric_limits<std::int64_t>::min()}), "02068000000000000000");
}

TEST(Record, GoldenBytesOfTheOtherTypes) {
  EXPECT_EQ(hex({Value(), "hello", Bytes{0x00, 0xff}}), "04001710" + std::string("68656c6c6f") + "00ff");
  EXPECT_EQ(hex({3.0}), "02074008000000000000");
  EXPECT_EQ(hex({"", Bytes{}}), "030d0c");
  EXPECT_EQ(hex({"a"}), "020f61");  // the id of a row of a WITHOUT ROWID table with key 'a'
  EXPECT_EQ(hex({}), "01");
}

TEST(Record, HeaderSizeCountsItselfAcrossTheVarintBorder) {
  for (std::size_t count : {125u, 126u, 127u, 128u, 16380u, 16381u, 16382u, 16383u}) {
    std::vector<Value> nulls(count);
    Bytes record = encode_record(nulls);
    EXPECT_EQ(record.size(), count + (count <= 126 ? 1 : count <= 16381 ? 2 : 3));
    Result<std::vector<Value>> back = decode_record(record);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->size(), count);
  }
}

std::vector<Value> random_values(std::mt19937_64& random) {
  std::vector<Value> values;
  for (std::uint64_t n = random() % 8; n-- > 0;) {
    switch (random() % 5) {
      case 0: values.emplace_back(); break;
      case 1: values.emplace_back(static_cast<std::int64_t>(random()) >> (random() % 64)); break;
      case 2: values.emplace_back(static_cast<double>(random()) / 7); break;
      case 3: values.emplace_back(std::string(random() % 300, 'x')); break;
      default: values.emplace_back(Bytes(random() % 300, 0x80)); break;
    }
  }
  return values;
}

TEST(Record, RandomValuesRoundTripAndEveryCutIsNoticed) {
  std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<Value> values = random_values(random);
    Bytes record = encode_record(values);
    Result<std::vector<Value>> back = decode_record(record);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(*back, values);
    for (std::size_t cut = 0; cut < record.size(); ++cut)
      EXPECT_FALSE(decode_record(ByteView(record).first(cut)).has_value());
  }
}

TEST(Record, DamageIsCorruptAndSaysWhere) {
  auto message = [](Bytes record) {
    Result<std::vector<Value>> decoded = decode_record(record);
    EXPECT_EQ(decoded.error().kind, ErrorKind::kCorrupt);
    return decoded.error().message;
  };
  EXPECT_EQ(message({}), "record: 0 bytes hold no complete header size");
  EXPECT_EQ(message({0x00}), "record: header size is 0, the record has 1 bytes");
  EXPECT_EQ(message({0x03, 0x01}), "record: header size is 3, the record has 2 bytes");
  EXPECT_EQ(message({0x02, 0x0a}), "record: value 0 has the reserved serial type 10");
  EXPECT_EQ(message({0x03, 0x09, 0x02, 0x00}), "record: value 1 needs 2 bytes, 1 are left");
  EXPECT_EQ(message({0x02, 0x81}), "record: the serial type of value 0 is cut off");
  EXPECT_EQ(message({0x02, 0x09, 0x00}), "record: its values end at byte 2, it has 3 bytes");
}

}  // namespace
}  // namespace turso::cdc

#include "base/varint.hpp"

#include <gtest/gtest.h>

namespace turso {
namespace {

TEST(Varint, ProtobufWritesSmallestGroupsFirst) {
  Bytes out;
  append_protobuf_varint(out, 4099);
  EXPECT_EQ(to_hex(out), "8320");
}

TEST(Varint, ProtobufRoundTripsTheEdgesOfEveryLength) {
  for (int bits = 0; bits < 64; ++bits) {
    for (std::uint64_t delta : {0ull, 1ull}) {
      std::uint64_t value = (1ull << bits) - delta;
      Bytes out;
      append_protobuf_varint(out, value);
      Decoded back = decode_protobuf_varint(out);
      EXPECT_EQ(back.value, value);
      EXPECT_EQ(back.size_bytes, out.size());
      out.pop_back();
      EXPECT_EQ(decode_protobuf_varint(out).size_bytes, 0u) << "cut " << value;
    }
  }
}

TEST(Varint, ProtobufRefusesMoreThan64Bits) {
  Bytes eleven(10, 0xff);
  eleven.push_back(0x01);
  EXPECT_EQ(decode_protobuf_varint(eleven).size_bytes, 0u);
  Bytes overflow(9, 0xff);
  overflow.push_back(0x02);
  EXPECT_EQ(decode_protobuf_varint(overflow).size_bytes, 0u);
}

TEST(Varint, SqliteRoundTripsTheEdgesOfEveryLength) {
  for (int bits = 0; bits < 64; ++bits) {
    for (std::uint64_t delta : {0ull, 1ull}) {
      std::uint64_t value = (1ull << bits) - delta;
      Bytes out;
      append_sqlite_varint(out, value);
      EXPECT_EQ(out.size(), sqlite_varint_size(value));
      Decoded back = decode_sqlite_varint(out);
      EXPECT_EQ(back.value, value);
      EXPECT_EQ(back.size_bytes, out.size());
    }
  }
}

TEST(Varint, SqliteNinthByteCarriesEightBits) {
  Bytes out;
  append_sqlite_varint(out, ~0ull);
  EXPECT_EQ(to_hex(out), "ffffffffffffffffff");
  out.clear();
  append_sqlite_varint(out, 240);
  EXPECT_EQ(to_hex(out), "8170");
}

}  // namespace
}  // namespace turso

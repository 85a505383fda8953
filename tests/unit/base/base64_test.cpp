#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace turso {
namespace {

TEST(Base64, WritesTheVectorsOfRfc4648WithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (auto [plain, coded] : vectors) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), coded);
    EXPECT_EQ(decode_base64(coded), to_bytes(plain));
  }
}

TEST(Base64, ReadsPaddingWhereItBelongs) {
  EXPECT_EQ(decode_base64("Zg=="), to_bytes("f"));
  EXPECT_EQ(decode_base64("Zm8="), to_bytes("fo"));
  EXPECT_FALSE(decode_base64("Zg=").has_value());
  EXPECT_FALSE(decode_base64("Zm9v=").has_value());
}

TEST(Base64, RefusesOtherCharactersAndLengths) {
  EXPECT_FALSE(decode_base64("Z").has_value());
  EXPECT_FALSE(decode_base64("Zm9vY").has_value());
  EXPECT_FALSE(decode_base64("Zm_v").has_value());
  EXPECT_FALSE(decode_base64("Z\nm9").has_value());
}

TEST(Base64, RoundTripsEveryByte) {
  Bytes all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(decode_base64(encode_base64(all)), all);
}

}  // namespace
}  // namespace turso

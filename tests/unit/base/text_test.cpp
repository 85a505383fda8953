#include "base/text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/value.hpp"

namespace turso {
namespace {

TEST(Text, RealsAreShortestAndAlwaysLookLikeReals) {
  EXPECT_EQ(real_to_text(2.0), "2.0");
  EXPECT_EQ(real_to_text(1.6), "1.6");
  EXPECT_EQ(real_to_text(-0.0), "-0.0");
  EXPECT_EQ(real_to_text(1e-9), "1.0e-09");
  EXPECT_EQ(real_to_text(1e100), "1.0e+100");
  EXPECT_EQ(real_to_text(std::numeric_limits<double>::infinity()), "9e999");
  EXPECT_EQ(real_to_text(-std::numeric_limits<double>::infinity()), "-9e999");
  EXPECT_EQ(std::stod(real_to_text(0.1 + 0.2)), 0.1 + 0.2);
}

TEST(Text, NumbersAreParsedWhole) {
  EXPECT_EQ(parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(parse_int64("9223372036854775808").has_value());
  EXPECT_FALSE(parse_int64("1 ").has_value());
  EXPECT_FALSE(parse_int64("").has_value());
  EXPECT_EQ(parse_uint64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST(Text, Utf8IsChecked) {
  EXPECT_TRUE(is_valid_utf8("plain, \xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_valid_utf8("\xc0\x80")) << "overlong";
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(is_valid_utf8("\xe2\x82")) << "cut";
  EXPECT_FALSE(is_valid_utf8("\x80")) << "continuation alone";
}

TEST(Text, NamesCompareWithoutAsciiCase) {
  EXPECT_TRUE(equals_ignore_case("Turso_CDC", "turso_cdc"));
  EXPECT_FALSE(equals_ignore_case("turso_cdc", "turso_cdc2"));
  EXPECT_TRUE(starts_with_ignore_case("SQLITE_foo", "sqlite_"));
}

TEST(Text, ExcerptCutsAndHidesControlBytes) {
  EXPECT_EQ(excerpt("ab\ncd", 3), "ab?...");
  EXPECT_EQ(excerpt("ab", 3), "ab");
}

TEST(Value, ComparesTypeAndBits) {
  EXPECT_EQ(Value("a"), Value(std::string("a")));
  EXPECT_FALSE(Value("a") == Value(to_bytes("a")));
  EXPECT_FALSE(Value(0.0) == Value(-0.0));
  EXPECT_FALSE(Value(1) == Value(1.0));
  EXPECT_EQ(Value(), Value());
}

TEST(Value, PrintsAsSqlLiteral) {
  EXPECT_EQ(Value("it's").to_sql(), "'it''s'");
  EXPECT_EQ(Value(Bytes{0, 255}).to_sql(), "X'00ff'");
  EXPECT_EQ(Value(1.5).to_sql(), "1.5");
  EXPECT_EQ(Value().to_sql(), "NULL");
}

TEST(Text, ReadsRealsExactlyAndWhole) {
  EXPECT_EQ(parse_real("0.1"), 0.1);
  EXPECT_EQ(parse_real("-1.7976931348623157e308"), -std::numeric_limits<double>::max());
  EXPECT_EQ(parse_real("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_real("1e-400"), 0.0);
  EXPECT_EQ(parse_real("1" + std::string(300, '0')), 1e300);
  for (auto text : {"", "1e400", "inf", "nan", "1.5 ", " 1.5", "1,5", "x"})
    EXPECT_FALSE(parse_real(text).has_value()) << text;
}

}  // namespace
}  // namespace turso

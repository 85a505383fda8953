#include "base/environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace turso {
namespace {

TEST(Environment, UuidsAreVersion4) {
  std::string uuid = system_environment()->random_uuid();
  EXPECT_TRUE(std::regex_match(uuid, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
      << uuid;
  EXPECT_NE(uuid, system_environment()->random_uuid());
}

TEST(Environment, TestsCanReplaceTimeAndRandomness) {
  override_environment([] { return std::int64_t{1500}; },
                       [](MutableByteView out) { std::fill(out.begin(), out.end(), std::uint8_t{0xff}); });
  EXPECT_EQ(system_environment()->unix_time(), 1);
  EXPECT_EQ(system_environment()->random_nonce(), INT64_MAX);
  override_environment(nullptr, nullptr);
  EXPECT_GT(system_environment()->unix_time(), 1'500'000'000);
}

}  // namespace
}  // namespace turso

#include "wire/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turso::wire {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string normalized(std::string_view url) {
  auto result = normalize_remote_url(url);
  return result ? *result : "error: " + result.error().message;
}

TEST(RemoteUrl, KeepsHttpAndHttps) {
  EXPECT_EQ(normalized("https://db.example.com"), "https://db.example.com");
  EXPECT_EQ(normalized("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(normalized("http://[::1]:8080"), "http://[::1]:8080");
}

TEST(RemoteUrl, ReadsTheSchemesOfTheCloudAsHttps) {
  EXPECT_EQ(normalized("libsql://db.example.com"), "https://db.example.com");
  EXPECT_EQ(normalized("turso://db.example.com"), "https://db.example.com");
  EXPECT_EQ(normalized("LibSQL://db.example.com"), "https://db.example.com");
}

TEST(RemoteUrl, DropsSlashesAtTheEndAndKeepsThePrefix) {
  EXPECT_EQ(normalized("https://db.example.com/"), "https://db.example.com");
  EXPECT_EQ(normalized("https://db.example.com///"), "https://db.example.com");
  EXPECT_EQ(normalized("libsql://db.example.com/db/name/"), "https://db.example.com/db/name");
}

TEST(RemoteUrl, NormalisingTwiceChangesNothing) {
  for (auto url : {"http://a:1/", "turso://b/db/x//", "https://c"})
    EXPECT_EQ(normalized(normalized(url)), normalized(url));
}

TEST(RemoteUrl, RefusesOtherSchemesAndNamesTheUrl) {
  auto result = normalize_remote_url("ws://db.example.com");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kError);
  EXPECT_THAT(result.error().message, HasSubstr("ws://db.example.com"));
  for (auto url : {"db.example.com", "file:///etc/passwd", "https:/db", "", "://", "httpsx://db"}) {
    EXPECT_FALSE(normalize_remote_url(url).has_value()) << url;
  }
}

TEST(RemoteUrl, RefusesUrlsWithoutHostOrWithStrangeBytes) {
  for (auto url :
       {"https://", "https:///db", "http://:8080", "https://a b", "https://a\nb", "https://\xc3\xa4.example"}) {
    EXPECT_FALSE(normalize_remote_url(url).has_value()) << url;
  }
}

TEST(RemoteUrl, NeverRepeatsASecret) {
  for (auto url : {"https://me:hush@db.example.com/x", "ftp://me:hush@db.example.com",
                   "https://db.example.com?authToken=hush", "ftp://db.example.com/#hush", "me:hush@db.example.com"}) {
    auto result = normalize_remote_url(url);
    ASSERT_FALSE(result.has_value()) << url;
    EXPECT_THAT(result.error().message, HasSubstr("db.example.com"));
    EXPECT_THAT(result.error().message, Not(HasSubstr("hush")));
  }
}

TEST(RemoteUrl, JoinsWithAPath) {
  EXPECT_EQ(join_url("https://db.example.com/db/name", "/pull-updates"), "https://db.example.com/db/name/pull-updates");
}

}  // namespace
}  // namespace turso::wire

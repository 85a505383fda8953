#include "base/file.hpp"

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace turso {
namespace {

TEST(File, DurableWriteReplacesTheWholeContent) {
  test::TempDir dir;
  std::string path = dir.path("a");
  ASSERT_TRUE(write_file_durably(path, as_bytes("first and longer")).has_value());
  ASSERT_TRUE(write_file_durably(path, as_bytes("second")).has_value());
  EXPECT_EQ(read_file(path, 100).value(), to_bytes("second"));
  EXPECT_FALSE(file_exists(path + ".tmp"));
}

TEST(File, ReadingPastTheEndIsCorruptAndSaysBothNumbers) {
  test::TempDir dir;
  ASSERT_TRUE(write_file_durably(dir.path("a"), as_bytes("12345")).has_value());
  auto file = File::open(dir.path("a"), File::Mode::kRead);
  Bytes out(8);
  auto status = file.value().read_at(2, out);
  EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(status.error().message.find("3 bytes at offset 2, expected 8"), std::string::npos)
      << status.error().message;
}

TEST(File, MissingFilesAreNamed) {
  test::TempDir dir;
  auto missing = File::open(dir.path("nope"), File::Mode::kRead);
  EXPECT_EQ(missing.error().kind, ErrorKind::kIo);
  EXPECT_NE(missing.error().message.find("nope"), std::string::npos);
  EXPECT_FALSE(read_file_if_exists(dir.path("nope"), 10).value().has_value());
  EXPECT_TRUE(remove_file(dir.path("nope")).has_value());
}

TEST(File, AnonymousFilesLeaveNothingBehind) {
  test::TempDir dir;
  auto file = File::anonymous(dir.path());
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(file.value().write_at(10, as_bytes("x")).has_value());
  EXPECT_EQ(file.value().size().value(), 11u);
  EXPECT_TRUE(dir.entries().empty());
}

}  // namespace
}  // namespace turso

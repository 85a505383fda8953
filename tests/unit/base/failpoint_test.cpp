#include "base/failpoint.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/file.hpp"
#include "support/temp_dir.hpp"

namespace turso {
namespace {

using test::TempDir;

// Four operations: write, write, fsync, truncate. Answers how many worked.
int run(const std::string& path) {
  File file = File::open(path, File::Mode::kTruncateReadWrite).value();
  int worked = 0;
  worked += file.write_at(0, as_bytes("0123456789")).has_value() ? 1 : 0;
  worked += file.write_at(10, as_bytes("abcdefghij")).has_value() ? 1 : 0;
  worked += file.sync().has_value() ? 1 : 0;
  worked += file.truncate(15).has_value() ? 1 : 0;
  return worked;
}

std::string content(const std::string& path) { return std::string(as_text(read_file(path, 100).value())); }

class FailpointTest : public testing::Test {
 protected:
  void set(Failpoint::Mode mode, std::uint64_t at, Failpoint::Part part = Failpoint::Part::kNone) {
    Failpoint failpoint;
    failpoint.mode = mode;
    failpoint.at = at;
    failpoint.part = part;
    failpoint.path_prefix = dir.path("a");
    set_failpoint(failpoint);
  }
  void TearDown() override { clear_failpoint(); }

  TempDir dir;
};

TEST_F(FailpointTest, CountsWhatChangesFilesOfItsPrefix) {
  set(Failpoint::Mode::kCount, 0);
  EXPECT_EQ(run(dir.path("a")), 4);
  EXPECT_EQ(failpoint_count(), 4u);
  EXPECT_EQ(run(dir.path("b")), 4);
  EXPECT_EQ(failpoint_count(), 4u);
}

TEST_F(FailpointTest, FailsOnceAndSaysWhere) {
  set(Failpoint::Mode::kFailOnce, 2);
  EXPECT_EQ(run(dir.path("a")), 3);
  EXPECT_EQ(failpoint_failures(), 1u);
  EXPECT_EQ(failpoint_last_operation(), "write " + dir.path("a"));
}

TEST_F(FailpointTest, StopsForGood) {
  set(Failpoint::Mode::kStop, 2);
  EXPECT_EQ(run(dir.path("a")), 1);
  clear_failpoint();
  EXPECT_EQ(content(dir.path("a")), "0123456789");
}

TEST_F(FailpointTest, LetsAPartOfTheWriteThrough) {
  set(Failpoint::Mode::kStop, 2, Failpoint::Part::kHalf);
  run(dir.path("a"));
  clear_failpoint();
  EXPECT_EQ(content(dir.path("a")), "0123456789abcde");
  set(Failpoint::Mode::kStop, 2, Failpoint::Part::kAll);
  run(dir.path("a"));
  clear_failpoint();
  EXPECT_EQ(content(dir.path("a")), "0123456789abcdefghij");
}

TEST_F(FailpointTest, RenameAndRemoveAreCountedToo) {
  ASSERT_TRUE(write_file_durably(dir.path("a"), as_bytes("x")).has_value());
  set(Failpoint::Mode::kStop, 1);
  EXPECT_FALSE(rename_file(dir.path("a"), dir.path("a2")).has_value());
  EXPECT_FALSE(remove_file(dir.path("a")).has_value());
  EXPECT_FALSE(sync_directory_of(dir.path("a")).has_value());
  EXPECT_TRUE(remove_file(dir.path("a-missing")).has_value()) << "nothing to do is no operation";
  clear_failpoint();
  EXPECT_TRUE(file_exists(dir.path("a")));
}

TEST_F(FailpointTest, ADiskFullIsToldApart) {
  Failpoint failpoint;
  failpoint.mode = Failpoint::Mode::kFailOnce;
  failpoint.at = 1;
  failpoint.disk_full = true;
  set_failpoint(failpoint);
  EXPECT_EQ(write_file_durably(dir.path("a"), as_bytes("x")).error().kind, ErrorKind::kFull);
}

TEST_F(FailpointTest, EndsTheProcessWithoutCleanup) {
  pid_t child = ::fork();
  if (child == 0) {
    set(Failpoint::Mode::kExit, 2, Failpoint::Part::kHalf);
    run(dir.path("a"));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), kFailpointExitStatus);
  EXPECT_EQ(content(dir.path("a")), "0123456789abcde");
}

}  // namespace
}  // namespace turso

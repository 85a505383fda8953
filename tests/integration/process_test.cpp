// Two processes on one replica: one syncs, both write; the lock changes hands when its holder is gone.
#include <sys/wait.h>
#include <unistd.h>

#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

// replica_child with these arguments; its output comes back when it ends.
class Child {
 public:
  Child(const std::string& path, const std::vector<std::string>& commands) {
    int to_child[2];
    int from_child[2];
    EXPECT_EQ(::pipe(to_child), 0);
    EXPECT_EQ(::pipe(from_child), 0);
    process_id_ = ::fork();
    if (process_id_ == 0) {
      ::dup2(to_child[0], 0);
      ::dup2(from_child[1], 1);
      for (int fd = 3; fd < 200; ++fd) ::close(fd);
      std::vector<char*> arguments{const_cast<char*>(TURSO_TEST_CHILD), const_cast<char*>(path.c_str())};
      for (const std::string& command : commands) arguments.push_back(const_cast<char*>(command.c_str()));
      arguments.push_back(nullptr);
      ::execv(TURSO_TEST_CHILD, arguments.data());
      ::_exit(127);
    }
    ::close(to_child[0]);
    ::close(from_child[1]);
    to_child_ = to_child[1];
    from_child_ = from_child[0];
  }
  Child(const Child&) = delete;
  ~Child() {
    ::close(to_child_);
    ::close(from_child_);
    if (process_id_ > 0) ::waitpid(process_id_, nullptr, 0);
  }

  // Reads until the text is there: what the child has done so far.
  void await(const std::string& text) {
    while (output_.find(text) == std::string::npos && read_more()) {
    }
    EXPECT_THAT(output_, testing::HasSubstr(text));
  }
  void go_on() { EXPECT_EQ(::write(to_child_, "\n", 1), 1); }
  std::string finish() {
    while (read_more()) {
    }
    return output_;
  }

 private:
  bool read_more() {
    char buffer[256];
    ssize_t got = ::read(from_child_, buffer, sizeof buffer);
    if (got > 0) output_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t process_id_ = 0;
  int to_child_ = -1;
  int from_child_ = -1;
  std::string output_;
};

class TwoProcesses : public testing::Test {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'a')");
    ASSERT_TRUE(laptop.push(world.host()).has_value());
  }

  World world;
  Device laptop;
};

TEST_F(TwoProcesses, TheSecondHasSqlWithCaptureAndStatsAndItsSyncIsBusy) {
  Child child(laptop.config.path, {"sql=INSERT INTO t VALUES (2,'child')", "stats", "push", "wait", "checkpoint"});
  EXPECT_EQ(child.finish(), "open ok\nsql ok\nstats 2 ok\npush busy\nwait busy\ncheckpoint busy\n");
  EXPECT_EQ(laptop.stats().cdc_operations, 2) << "the other process's change is captured";
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  EXPECT_EQ(world.server_query("SELECT id, v FROM t ORDER BY id"), "1,a;2,child");
}

TEST_F(TwoProcesses, AForkedChildDoesNotInheritTheLock) {
  laptop.sql("INSERT INTO t VALUES (2,'b')");
  pid_t child = ::fork();
  if (child == 0) {
    auto operation = laptop.engine().push();
    auto state = operation->resume();
    ::_exit(!state.has_value() && state.error().kind == ErrorKind::kBusy ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the child's push is busy while the parent has the lock";
  EXPECT_TRUE(laptop.push(world.host()).has_value()) << "the parent still has it";
}

TEST_F(TwoProcesses, TheSecondTakesOverWhenTheFirstIsGone) {
  Child child(laptop.config.path, {"push", "pause", "push"});
  child.await("push busy");
  laptop.close();
  child.go_on();
  EXPECT_THAT(child.finish(), testing::EndsWith("push ok\n"));
}

TEST_F(TwoProcesses, AFirstProcessElsewhereMakesThisOneBusyUntilItEnds) {
  laptop.close();
  Child child(laptop.config.path, {"checkpoint", "pause"});
  child.await("checkpoint ok");
  ASSERT_TRUE(laptop.open().has_value());
  laptop.sql("INSERT INTO t VALUES (3,'here')");
  auto pushed = laptop.push(world.host());
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kBusy);
  child.go_on();
  child.finish();
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&laptop}));
  expect_converged(world, {&laptop});
}

}  // namespace
}  // namespace turso::sync::test

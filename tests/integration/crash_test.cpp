// A replica that dies at any change to any of its files, in push, wait, apply and redo: nothing is lost, nothing is
// sent twice, and the next start goes on. The short form stops at every 11th change, ./test --long at every one.
#include <cstdlib>

#include "base/failpoint.hpp"
#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

std::uint64_t stride() { return std::getenv("TURSO_SYNC_LONG") != nullptr ? 1 : 11; }

class StopAt {
 public:
  StopAt(const std::string& path, std::uint64_t at, Failpoint::Part part) {
    Failpoint failpoint;
    failpoint.mode = Failpoint::Mode::kStop;
    failpoint.at = at;
    failpoint.part = part;
    failpoint.path_prefix = path;
    set_failpoint(failpoint);
  }
  StopAt(const StopAt&) = delete;
  ~StopAt() { clear_failpoint(); }
};

// One life: edits on both sides, then pull and push of the replica, which stops at file operation `at`.
// Answers whether the failpoint was reached.
bool crash_once(std::uint64_t at, Failpoint::Part part) {
  World world;
  Device laptop;
  Device phone;
  world.place(laptop, "laptop");
  world.place(phone, "phone");
  EXPECT_TRUE(laptop.create(world.host()).has_value());
  laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c')");
  EXPECT_TRUE(laptop.push(world.host()).has_value());
  EXPECT_TRUE(phone.create(world.host()).has_value());
  laptop.sql("UPDATE t SET v='laptop' WHERE id=1; DELETE FROM t WHERE id=3");
  EXPECT_TRUE(laptop.push(world.host()).has_value());
  phone.sql("UPDATE t SET v='phone' WHERE id=2; INSERT INTO t VALUES (9,'new')");

  bool reached = false;
  {
    StopAt stop(phone.config.path, at, part);
    discard(phone.pull(world.host()), "the disk has stopped somewhere");
    discard(phone.push(world.host()), "and stays so");
    discard(phone.pull(world.host()), "until the process ends");
    phone.close();
    reached = failpoint_failures() != 0;
  }
  auto opened = phone.open();
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(phone.query("SELECT v FROM t WHERE id IN (2,9) ORDER BY id"), "phone;new");
  sync_until_quiet(world, {&phone, &laptop});
  expect_converged(world, {&phone, &laptop});
  EXPECT_EQ(laptop.query("SELECT id, v FROM t ORDER BY id"), "1,laptop;2,phone;9,new");
  return reached;
}

class Crash : public testing::TestWithParam<Failpoint::Part> {};

TEST_P(Crash, AtAnyFileOperationLosesNothing) {
  // Each way of failing begins elsewhere, so that the short form covers more points.
  std::uint64_t at = 1 + 3 * static_cast<std::uint64_t>(GetParam());
  for (; at < 1000; at += stride()) {
    SCOPED_TRACE(at);
    bool reached = crash_once(at, GetParam());
    if (HasFailure() || !reached) break;
  }
  EXPECT_GT(at, 20U) << "pull and push change files more often than that";
  EXPECT_LT(at, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Parts, Crash,
                         testing::Values(Failpoint::Part::kNone, Failpoint::Part::kHalf, Failpoint::Part::kAll));

TEST(CrashBootstrap, LeavesNothingOrAReplica) {
  std::uint64_t at = 1;
  for (; at < 1000; at += (stride() + 2) / 3) {
    SCOPED_TRACE(at);
    World world;
    Device laptop;
    Device phone;
    world.place(laptop, "laptop");
    world.place(phone, "phone");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,zeroblob(20000))");
    ASSERT_TRUE(laptop.push(world.host()).has_value());
    bool reached = false;
    {
      StopAt stop(phone.config.path, at, Failpoint::Part::kHalf);
      discard(phone.create(world.host()), "the disk has stopped somewhere");
      phone.close();
      reached = failpoint_failures() != 0;
    }
    auto created = phone.create(world.host());
    ASSERT_TRUE(created.has_value()) << created.error().message;
    phone.sql("INSERT INTO t VALUES (2,'p')");
    ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&phone, &laptop}));
    expect_converged(world, {&phone, &laptop});
    if (HasFailure() || !reached) break;
  }
  EXPECT_GT(at, 5U);
}

}  // namespace
}  // namespace turso::sync::test

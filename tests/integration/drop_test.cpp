// An operation that is dropped or cancelled at any of its waits leaves nothing behind that the next one minds.
#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

enum class End { kDrop, kCancel };

// Plays host in small pieces; after `waits` waits the operation ends. Answers whether it was done before.
bool run_until(World& world, Engine& engine, std::unique_ptr<Operation> operation, int waits, End end) {
  struct Open {
    std::shared_ptr<IoItem> item;
    std::shared_ptr<IoItem> whole;  // the server's complete answer
    bool status_given = false;
  };
  std::list<Open> open;
  for (int i = 0; i < waits; ++i) {
    auto state = operation->resume();
    EXPECT_TRUE(state.has_value()) << state.error().message;
    if (!state.has_value() || *state == OperationState::kDone) return true;
    while (auto item = engine.take_io_item()) {
      auto whole = std::make_shared<IoItem>();
      whole->method = item->method;
      whole->path = item->path;
      whole->headers = item->headers;
      whole->body = item->body;
      world.perform(whole);
      open.push_back({item, whole, false});
    }
    for (Open& answer : open) {
      if (!answer.status_given) {
        EXPECT_TRUE(answer.item->set_status(*answer.whole->progress().status).has_value());
        answer.status_given = true;
      } else if (Bytes piece = answer.whole->take(3000); !piece.empty()) {
        EXPECT_TRUE(answer.item->push_buffer(piece).has_value());
      } else {
        EXPECT_TRUE(answer.item->done().has_value());
      }
    }
  }
  if (end == End::kCancel) {
    operation->cancel();
    auto state = operation->resume();
    if (state.has_value()) return *state == OperationState::kDone;
    EXPECT_EQ(state.error().kind, ErrorKind::kCancelled);
  }
  return false;
}

class Drop : public testing::TestWithParam<End> {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    world.place(phone, "phone");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,zeroblob(9000)),(2,'b')");
    ASSERT_TRUE(laptop.push(world.host()).has_value());
  }

  World world;
  Device laptop;
  Device phone;
};

TEST_P(Drop, OfCreate) {
  for (int waits = 1; waits < 100; ++waits) {
    if (run_until(world, phone.engine(), phone.engine().create(), waits, GetParam())) break;
    EXPECT_FALSE(file_exists(phone.config.path)) << "after " << waits << " waits";
    EXPECT_FALSE(file_exists(phone.config.path + "-changes.tmp"));
  }
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&phone, &laptop}));
  expect_converged(world, {&phone, &laptop});
}

TEST_P(Drop, OfPush) {
  ASSERT_TRUE(phone.create(world.host()).has_value());
  for (int waits = 1; waits < 100; ++waits) {
    phone.sql(concat("INSERT INTO t VALUES (", 100 + waits, ",'p'); UPDATE t SET v='p", waits, "' WHERE id=2"));
    if (run_until(world, phone.engine(), phone.engine().push(), waits, GetParam())) break;
  }
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&phone, &laptop}));
  expect_converged(world, {&phone, &laptop});
}

TEST_P(Drop, OfWait) {
  ASSERT_TRUE(phone.create(world.host()).has_value());
  for (int waits = 1; waits < 100; ++waits) {
    laptop.sql(concat("INSERT INTO t VALUES (", 100 + waits, ",zeroblob(5000))"));
    ASSERT_TRUE(laptop.push(world.host()).has_value());
    phone.sql(concat("INSERT INTO t VALUES (", 200 + waits, ",'p')"));
    if (run_until(world, phone.engine(), phone.engine().wait(), waits, GetParam())) break;
    if (waits >= 12) ++waits;  // the answer grows with every round
    EXPECT_FALSE(file_exists(phone.config.path + "-changes.tmp"));
  }
  ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&phone, &laptop}));
  expect_converged(world, {&phone, &laptop});
}

INSTANTIATE_TEST_SUITE_P(Ends, Drop, testing::Values(End::kDrop, End::kCancel),
                         [](const auto& instance) { return instance.param == End::kDrop ? "Dropped" : "Cancelled"; });

}  // namespace
}  // namespace turso::sync::test

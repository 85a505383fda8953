// Damaged or missing files beside P: the live database is unharmed, and the next good pull repairs.
#include <fstream>

#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

class Damage : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    world.place(phone, "phone");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1,zeroblob(30000)),(2,'b')");
    ASSERT_TRUE(laptop.push(world.host()).has_value());
    ASSERT_TRUE(phone.create(world.host()).has_value());
    phone.sql("INSERT INTO t VALUES (5,'mine')");
    laptop.sql("INSERT INTO t VALUES (3,'c')");
    ASSERT_TRUE(laptop.push(world.host()).has_value());
  }

  std::string file() const { return phone.config.path + GetParam(); }

  // After the damage everything goes on, with a whole download where one is needed.
  void expect_repaired() {
    phone.close();
    auto opened = phone.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(phone.query("SELECT v FROM t WHERE id=5"), "mine");
    phone.sql("UPDATE t SET v='still usable' WHERE id=5");
    // A base that is found damaged while it is read ends that pull; the next one downloads it again.
    if (auto pulled = phone.pull(world.host()); !pulled.has_value()) {
      EXPECT_EQ(pulled.error().kind, ErrorKind::kCorrupt) << pulled.error().message;
      EXPECT_THAT(pulled.error().message, testing::HasSubstr(phone.config.path));
      EXPECT_EQ(phone.query("SELECT v FROM t WHERE id=5"), "still usable");
    }
    ASSERT_NO_FATAL_FAILURE(sync_until_quiet(world, {&phone, &laptop}));
    expect_converged(world, {&phone, &laptop});
  }

  World world;
  Device laptop;
  Device phone;
};

TEST_P(Damage, Missing) {
  ASSERT_NE(*phone.wait(world.host()), nullptr);
  phone.close();
  ASSERT_TRUE(remove_file(file()).has_value());
  expect_repaired();
}

TEST_P(Damage, Truncated) {
  ASSERT_NE(*phone.wait(world.host()), nullptr);
  phone.close();
  ASSERT_TRUE(file_exists(file()));
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  expect_repaired();
}

TEST_P(Damage, Garbage) {
  ASSERT_NE(*phone.wait(world.host()), nullptr);
  phone.close();
  auto size = std::filesystem::file_size(file());
  std::ofstream(file(), std::ios::trunc) << std::string(size, '#');
  expect_repaired();
}

class DamagedFacts : public testing::TestWithParam<const char*> {};

TEST_P(DamagedFacts, StopSyncingAndNotTheApp) {
  World world;
  Device laptop;
  world.place(laptop, "laptop");
  ASSERT_TRUE(laptop.create(world.host()).has_value());
  laptop.sql("CREATE TABLE t(v); INSERT INTO t VALUES (1)");
  laptop.close();
  {
    auto plain = sqlite::Connection::open(laptop.config.path, {.create = false});
    ASSERT_TRUE(plain->exec(GetParam()).has_value());
  }
  auto opened = laptop.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(laptop.query("SELECT v FROM t"), "1");
  auto pushed = laptop.push(no_io);
  ASSERT_FALSE(pushed.has_value());
  EXPECT_EQ(pushed.error().kind, ErrorKind::kCorrupt) << pushed.error().message;
  EXPECT_THAT(pushed.error().message, testing::HasSubstr(laptop.config.path));
  auto waited = laptop.wait(no_io);
  ASSERT_FALSE(waited.has_value());
  EXPECT_EQ(waited.error().kind, ErrorKind::kCorrupt) << waited.error().message;
}

INSTANTIATE_TEST_SUITE_P(Facts, DamagedFacts,
                         testing::Values("UPDATE turso_sync_meta SET value='much' WHERE key='pushed_through'",
                                         "UPDATE turso_sync_meta SET value=x'00' WHERE key='revision'",
                                         "DELETE FROM turso_sync_meta WHERE key='client_id'",
                                         "INSERT INTO turso_sync_batch VALUES ('x', 'y', 99)"));

INSTANTIATE_TEST_SUITE_P(Files, Damage, testing::Values("-base", "-base-info", "-changes", "-info"),
                         [](const auto& instance) {
                           std::string name = instance.param.substr(1);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace turso::sync::test

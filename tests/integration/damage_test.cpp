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

INSTANTIATE_TEST_SUITE_P(Files, Damage, testing::Values("-base", "-base-info", "-changes", "-info"),
                         [](const auto& instance) {
                           std::string name = instance.param.substr(1);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace turso::sync::test

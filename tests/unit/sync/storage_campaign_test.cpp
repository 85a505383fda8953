// storage_campaign_test.cpp -- random remotes, random local writers, many pulls; every invariant after each.
//
// Short here; TURSO_SYNC_LONG=1 runs the long form. A failure prints its seed; TURSO_SYNC_SEED=n runs that one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.hpp"
#include "support/storage_model.hpp"
#include "support/temp_dir.hpp"

namespace turso::test {
namespace {

bool long_form() {
  const char* value = std::getenv("TURSO_SYNC_LONG");
  return value != nullptr && std::string(value) == "1";
}

std::vector<std::uint64_t> seeds(std::uint64_t short_count, std::uint64_t long_count) {
  if (const char* value = std::getenv("TURSO_SYNC_SEED")) return {std::strtoull(value, nullptr, 10)};
  std::vector<std::uint64_t> all(long_form() ? long_count : short_count);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  return all;
}

// One seed: a bootstrap or a first contact, then pulls with writes on both sides before and during each.
void run_campaign(std::uint64_t seed, std::uint32_t page_size, int pull_count) {
  SCOPED_TRACE(concat("seed ", seed, ", page size ", page_size));
  Random random(seed);
  TempDir dir;
  Remote remote(dir.path("remote.db"), page_size);
  ASSERT_TRUE(remote.exec(below(random, 2) == 0 ? "PRAGMA journal_mode=WAL" : "PRAGMA synchronous=OFF").has_value());
  Replica replica(dir.path("p.db"), page_size);
  replica.memory_pages_max = below(random, 30);
  replica.journal_in_file = below(random, 3) == 0;

  if (below(random, 3) == 0) {
    ASSERT_TRUE(replica.create_empty().has_value());
    replica.random_local_change(random);
  } else {
    for (int i = 0; i < 10; ++i) remote.random_change(random);
    remote.publish_revision();
    Status status = replica.bootstrap(remote, random);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  replica.connect();
  for (int pull = 0; pull < pull_count; ++pull) {
    SCOPED_TRACE(concat("pull ", pull));
    for (std::uint64_t i = below(random, 6); i > 0; --i) remote.random_change(random);
    for (std::uint64_t i = below(random, 6); i > 0; --i) replica.random_local_change(random);
    if (below(random, 4) == 0) {
      ASSERT_TRUE(replica.push(remote).has_value());
    }
    remote.publish_revision();
    replica.before_lock = [&] {
      if (below(random, 3) == 0) replica.random_local_change(random);
    };
    Status status = replica.pull(remote, random, dir.path("oracle.db"));
    ASSERT_TRUE(status.has_value()) << status.error().message;
    ASSERT_EQ(replica.check(remote, dir.path("scratch.db")), "");
    if (below(random, 10) == 0) {
      replica.disconnect();
      replica.connect();
    }
  }
}

TEST(StorageCampaign, PullsKeepEveryInvariant) {
  for (std::uint64_t seed : seeds(20, 200)) {
    run_campaign(seed, 4096, long_form() ? 60 : 20);
    if (HasFatalFailure()) return;
  }
}

TEST(StorageCampaign, OtherPageSizesAsWell) {
  for (std::uint64_t seed : seeds(1, 20))
    for (std::uint32_t page_size : {512u, 1024u, 8192u, 65536u}) {
      run_campaign(seed, page_size, long_form() ? 60 : 12);
      if (HasFatalFailure()) return;
    }
}

// Pages on both sides of the lock-byte page, which is at 64 KiB here.
TEST(StorageCampaign, TheLockBytePageInTheMiddle) {
  sqlite::set_lock_byte_offset_for_tests(65536);
  for (std::uint64_t seed : seeds(2, 20)) {
    run_campaign(seed, 1024, long_form() ? 60 : 15);
    if (HasFatalFailure()) break;
  }
  sqlite::set_lock_byte_offset_for_tests(0x40000000);
}

}  // namespace
}  // namespace turso::test

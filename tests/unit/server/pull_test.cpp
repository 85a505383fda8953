// A replica that takes in the pages of each pull holds, byte for byte, what the server holds.
#include <map>

#include "base/limits.hpp"
#include "server_fixture.hpp"
#include "sqlite/sqlite_unit.h"
#include "wire/page_selector.hpp"

namespace turso::server {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Pull : public ServerTest {};

TEST_F(Pull, ANewDatabaseIsAnnouncedWithoutPages) {
  start();
  auto reply = pull_reply({});
  Pulled pulled = read_pulled(reply);
  EXPECT_EQ(pulled.header.db_size, 0u);
  EXPECT_TRUE(pulled.header.raw_encoding);
  EXPECT_EQ(pulled.header.protocol, wire::RemoteProtocol::kPages);
  EXPECT_THAT(pulled.pages, IsEmpty());
  EXPECT_EQ(reply.headers["content-type"], "application/protobuf");
}

TEST_F(Pull, TheFirstPullBringsEveryPage) {
  start();
  run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  run("INSERT INTO t VALUES(1, zeroblob(20000))");
  ImageClient client;
  client.take(pull());
  EXPECT_EQ(client.image, image_of(path_));
}

// How many rows: a table of 1 .. n for INSERT ... SELECT.
std::string numbers(int n) {
  return "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(n) + ") ";
}

TEST_F(Pull, TheNextPullBringsOnlyWhatChanged) {
  start();
  run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  run(numbers(100) + "INSERT INTO t SELECT i, zeroblob(2000) FROM n");
  ImageClient client;
  std::size_t everything = client.take(pull());
  run("UPDATE t SET v = 'x' WHERE id = 50");
  EXPECT_THAT(client.take(pull(client.revision)), AnyOf(1u, 2u)) << "of " << everything;
  EXPECT_EQ(client.image, image_of(path_));
}

TEST_F(Pull, WithoutNewsThereIsARevisionAndNoPage) {
  start();
  run("CREATE TABLE t(x)");
  ImageClient client;
  client.take(pull());
  Pulled again = pull(client.revision);
  EXPECT_THAT(again.pages, IsEmpty());
  EXPECT_EQ(again.header.server_revision, client.revision);
  EXPECT_EQ(again.header.db_size, client.image.size());
}

TEST_F(Pull, ARevisionOfAnotherLineageOrNoneOfOursBringsEverything) {
  start();
  run("CREATE TABLE t(x)");
  ImageClient client;
  std::size_t everything = client.take(pull());
  std::string lineage = client.revision.substr(0, 16);
  for (std::string strange :
       {std::string("8"), std::string("0123456789abcdef:1"), lineage + ":999", lineage + ":", lineage + ":-1", lineage,
        std::string("{\"generation\":3,\"wal_fragment_no\":2}"), std::string("\xff\xfe")}) {
    // Fields of text that are not UTF-8 are refused or full, never taken for a revision.
    wire::PullRequest request;
    request.client_revision = strange;
    Reply reply = pull_reply(request);
    if (reply.status == 200) {
      EXPECT_THAT(read_pulled(reply).pages, SizeIs(everything)) << strange;
    } else {
      EXPECT_EQ(reply.status, 400) << strange;
    }
  }
}

TEST_F(Pull, ADatabaseThatBecameEmptyIsSentWithItsOnePage) {
  start();
  run("CREATE TABLE t(x)");
  ImageClient client;
  client.take(pull());
  run("DROP TABLE t");
  run("VACUUM");
  Pulled pulled = pull(client.revision);
  EXPECT_EQ(pulled.header.db_size, 1u);
  client.take(pulled);
  EXPECT_EQ(client.image, image_of(path_));
}

TEST_F(Pull, ASelectorBringsThosePagesOnly) {
  start();
  run("CREATE TABLE t(x)");
  run("INSERT INTO t VALUES(zeroblob(40000))");
  wire::PullRequest request;
  request.server_pages_selector = wire::encode_page_list({0, 3, 5, 4000});
  Pulled pulled = pull(request);
  std::vector<std::uint32_t> numbers_sent;
  for (const auto& [number, page] : pulled.pages) numbers_sent.push_back(number);
  EXPECT_EQ(numbers_sent, (std::vector<std::uint32_t>{1, 4, 6}));
  EXPECT_EQ(pulled.header.db_size, image_of(path_).size());
}

TEST_F(Pull, ADamagedSelectorIsRefused) {
  start();
  wire::PullRequest request;
  request.server_pages_selector = to_bytes("nonsense");
  EXPECT_EQ(pull_reply(request).status, 400);
}

TEST_F(Pull, ALogicalLogIsRefusedByName) {
  start();
  wire::PullRequest request;
  request.stream_kind = wire::StreamKind::kMvccLogicalLog;
  Reply reply = pull_reply(request);
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("MVCC"));
}

TEST_F(Pull, ARequestThatIsNotProtobufIsRefused) {
  start();
  EXPECT_EQ(post("/pull-updates", "\x1a\xff\xff\xff\xff").status, 400);
}

// Chunks of one revision, taken while the database changes.
TEST_F(Pull, ChunksOfAPinnedRevisionFitTogether) {
  start();
  run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  run(numbers(50) + "INSERT INTO t SELECT i, zeroblob(3000) FROM n");
  auto before = image_of(path_);
  ImageClient client;
  wire::PullRequest request;
  request.server_pages_selector = wire::encode_page_range(0, 10);
  Pulled first = pull(request);
  client.take(first);
  for (std::uint32_t begin = 10; begin < first.header.db_size; begin += 10) {
    run("UPDATE t SET v = randomblob(3000)");
    request.server_revision = first.header.server_revision;
    request.server_pages_selector = wire::encode_page_range(begin, begin + 10);
    Pulled next = pull(request);
    EXPECT_EQ(next.header.server_revision, first.header.server_revision);
    client.take(next);
  }
  EXPECT_EQ(client.image, before);
  client.take(pull(client.revision));
  EXPECT_EQ(client.image, image_of(path_));
}

TEST_F(Pull, APinThatWasNotUsedForLongIsGone) {
  start();
  run("CREATE TABLE t(x)");
  wire::PullRequest request;
  request.server_pages_selector = wire::encode_page_range(0, 1);
  std::string revision = pull(request).header.server_revision;
  run("INSERT INTO t VALUES(1)");
  request.server_revision = revision;
  environment_->now_ms += limits::kServerPinIdleMs - 1;
  EXPECT_EQ(pull_reply(request).status, 200);
  environment_->now_ms += limits::kServerPinIdleMs;
  service_->run_timers();
  Reply gone = pull_reply(request);
  EXPECT_EQ(gone.status, 410);
  EXPECT_THAT(gone.body, HasSubstr("revision_expired"));
}

TEST_F(Pull, ThereAreOnlySoManyPins) {
  start();
  run("CREATE TABLE t(x)");
  wire::PullRequest request;
  request.server_pages_selector = wire::encode_page_range(0, 1);
  std::vector<std::string> revisions;
  for (std::size_t i = 0; i <= limits::kServerPinsMax; ++i) {
    environment_->now_ms += 1;
    revisions.push_back(pull(request).header.server_revision);
    run("INSERT INTO t VALUES(1)");
  }
  request.server_revision = revisions.front();
  EXPECT_EQ(pull_reply(request).status, 410);
  request.server_revision = revisions.back();
  EXPECT_EQ(pull_reply(request).status, 200);
}

TEST_F(Pull, ARevisionNobodyKnowsCannotBePinned) {
  start();
  run("CREATE TABLE t(x)");
  wire::PullRequest request;
  for (const char* unknown : {"17", "0123456789abcdef:4", "x"}) {
    request.server_revision = unknown;
    EXPECT_EQ(pull_reply(request).status, 410) << unknown;
  }
}

TEST_F(Pull, ThePresentRevisionCanBeAskedForWithoutAPin) {
  start();
  run("CREATE TABLE t(x)");
  wire::PullRequest request;
  request.server_revision = pull().header.server_revision;
  request.server_pages_selector = wire::encode_page_range(0, 1);
  EXPECT_THAT(pull(request).pages, SizeIs(1));
}

TEST_F(Pull, AStreamGoesOnWithItsSnapshotWhileTheDatabaseChanges) {
  start();
  run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
  run(numbers(400) + "INSERT INTO t SELECT i, zeroblob(3000) FROM n");
  auto before = image_of(path_);
  Response held;
  service_->handle(pull_request({}), [&](Response response) { held = std::move(response); });
  run("UPDATE t SET v = randomblob(3000)");
  run("DELETE FROM t WHERE id > 10");
  run("VACUUM");
  ImageClient client;
  client.take(read_pulled(read_reply(std::move(held))));
  EXPECT_EQ(client.image, before);
  client.take(pull(client.revision));
  EXPECT_EQ(client.image, image_of(path_));
}

// Above 1 GiB a page belongs to SQLite's locks; here it is moved into a small file.
TEST_F(Pull, TheLockBytePageIsNeverSent) {
  auto former = static_cast<std::uint32_t>(sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, 0));
  sqlite::set_lock_byte_offset_for_tests(4 * 4096);
  start();
  run("CREATE TABLE t(x)");
  run("INSERT INTO t VALUES(zeroblob(100000))");
  ImageClient client;
  Pulled pulled = pull();
  EXPECT_EQ(pulled.pages.count(5), 0u);
  EXPECT_EQ(pulled.pages.size() + 1, pulled.header.db_size);
  wire::PullRequest request;
  request.server_pages_selector = wire::encode_page_list({3, 4, 5});
  EXPECT_THAT(pull(request).pages, SizeIs(2));
  crash();
  sqlite::set_lock_byte_offset_for_tests(former);
}

// Random SQL with growth, shrinking and VACUUM, by the server's clients and by other programs; two replicas
// that pull at different times, one of them in a crowd of restarts.
TEST_F(Pull, RandomWorkloadsLeaveReplicasEqualByteForByte) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    path_ = dir_.path("random" + std::to_string(seed) + ".db");
    std::mt19937 random(seed);
    auto pick = [&](unsigned n) { return static_cast<int>(random() % n); };
    start();
    run("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    ImageClient often;
    ImageClient seldom;
    for (int step = 0; step < 150; ++step) {
      switch (pick(12)) {
        case 0:
        case 1:
        case 2:
          run(numbers(1 + pick(60)) + "INSERT INTO t(v) SELECT randomblob(" + std::to_string(pick(6000)) + ") FROM n");
          break;
        case 3: run("UPDATE t SET v = randomblob(100) WHERE id % 7 = " + std::to_string(pick(7))); break;
        case 4: run("DELETE FROM t WHERE id % 3 = " + std::to_string(pick(3))); break;
        case 5: run("DELETE FROM t"); break;
        case 6: run("VACUUM"); break;
        case 7: run("CREATE TABLE IF NOT EXISTS u" + std::to_string(pick(4)) + "(a, b UNIQUE)"); break;
        case 8: run("DROP TABLE IF EXISTS u" + std::to_string(pick(4))); break;
        case 9: foreign("INSERT INTO t(v) VALUES(zeroblob(9000)); PRAGMA user_version=" + std::to_string(step)); break;
        case 10:
          if (pick(4) == 0) foreign("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t(v) VALUES(1)");
          break;
        default:
          if (pick(3) == 0) {
            stop();
            if (pick(2) == 0) foreign("INSERT INTO t(v) VALUES('while closed')");
            start();
          }
      }
      often.take(pull(often.revision));
      ASSERT_EQ(often.image, image_of(path_)) << "step " << step;
      if (pick(9) == 0) {
        seldom.take(pull(seldom.revision));
        ASSERT_EQ(seldom.image, image_of(path_)) << "step " << step;
      }
    }
    stop();
  }
}

}  // namespace
}  // namespace turso::server

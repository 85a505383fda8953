// The server ends at any file operation, or one operation fails: what was acknowledged is there afterwards,
// and a replica that goes on from what it knew holds what the server holds.
#include <set>

#include "base/failpoint.hpp"
#include "server_fixture.hpp"

namespace turso::server {
namespace {

class ServerCrash : public ServerTest {
 protected:
  void TearDown() override {
    service_.reset();
    clear_failpoint();
  }

  // Commits, a checkpoint's worth of pages, a shrink and a restart. Stops where the server does.
  void work() {
    if (!open_quietly()) return;
    for (int i = 0; i < 8; ++i) {
      if (i == 3 && !restart()) return;
      insert(i);
      if (i == 5) send(statement("INSERT INTO filler SELECT randomblob(1200000)"));
      if (i == 6) send(statement("DELETE FROM filler"));
      if (i == 7) send(statement("VACUUM"));
      auto reply = send(pull_request({}));
      // An answer that was broken off tells the replica nothing.
      if (reply && reply->status == 200 && whole(*reply)) client_.take(read_pulled(*reply));
    }
    discard(service_->close(), "may fail at the failpoint");
    service_.reset();
  }
  bool open_quietly() {
    service_ = std::make_unique<Service>(options(), environment_);
    return service_->open().has_value();
  }
  bool restart() {
    discard(service_->close(), "may fail at the failpoint");
    service_.reset();
    return open_quietly();
  }
  static Request statement(const std::string& sql) {
    return pipeline_request({std::nullopt, {wire::SqlStatement{sql, {}, {}, true}}});
  }
  void insert(int i) {
    auto reply = send(statement("INSERT INTO t VALUES(" + std::to_string(i) + ")"));
    if (!reply || reply->status != 200) return;
    auto answer = wire::decode_pipeline_response(reply->body);
    if (answer.has_value() && std::holds_alternative<wire::StatementResult>(answer->results.at(0)))
      acknowledged_.insert(i);
  }
  static bool whole(const Reply& reply) {
    std::size_t pages = 0;
    std::uint64_t size = 0;
    wire::PullStreamDecoder decoder(
        [&](const wire::PullHeader& header) {
          size = header.db_size;
          return ok();
        },
        [&](std::uint64_t, ByteView) {
          ++pages;
          return ok();
        });
    return decoder.feed(as_bytes(reply.body)).has_value() && decoder.finish().has_value() && pages == size;
  }

  void prepare(const std::string& name) {
    path_ = dir_.path(name);
    client_ = {};
    acknowledged_.clear();
    foreign("PRAGMA journal_mode=WAL; CREATE TABLE t(x INTEGER PRIMARY KEY); CREATE TABLE filler(x)");
  }
  void check() {
    start();
    for (int i : acknowledged_)
      EXPECT_EQ(run("SELECT count(*) FROM t WHERE x = " + std::to_string(i)).rows.at(0).at(0), Value(1)) << "row " << i;
    EXPECT_EQ(run("PRAGMA integrity_check").rows.at(0).at(0), Value("ok"));
    client_.take(pull(client_.revision));
    EXPECT_EQ(client_.image, image_of(path_));
    run("INSERT INTO t VALUES(100)");
    client_.take(pull(client_.revision));
    EXPECT_EQ(client_.image, image_of(path_));
    stop();
  }
  void sweep(Failpoint::Mode mode, Failpoint::Part part) {
    prepare("count.db");
    set_failpoint({Failpoint::Mode::kCount, 0, part, false, path_});
    work();
    std::uint64_t operations = failpoint_count();
    clear_failpoint();
    ASSERT_EQ(acknowledged_.size(), 8u);
    ASSERT_GT(operations, 40u);
    // Dense where the operations differ, sparse in the long run of frames.
    std::uint64_t stride = operations / 25 + 1;
    for (std::uint64_t at = 1; at <= operations; at += stride) {
      SCOPED_TRACE("operation " + std::to_string(at) + " of " + std::to_string(operations));
      prepare("at" + std::to_string(at) + ".db");
      set_failpoint({mode, at, part, false, path_});
      work();
      service_.reset();
      clear_failpoint();
      check();
      if (HasFailure()) return;
    }
  }

  ImageClient client_;
  std::set<int> acknowledged_;
};

TEST_F(ServerCrash, AnEndAtAnyOperationLosesNothing) { sweep(Failpoint::Mode::kStop, Failpoint::Part::kHalf); }

TEST_F(ServerCrash, AFailureOfAnyOperationLosesNothing) { sweep(Failpoint::Mode::kFailOnce, Failpoint::Part::kNone); }

}  // namespace
}  // namespace turso::server

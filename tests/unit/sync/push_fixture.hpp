// push_fixture.hpp -- a replica, a scripted server, and whole push sessions between them.
#pragma once

#include <gtest/gtest.h>

#include "support/recorder.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_dir.hpp"
#include "sync/push_session.hpp"

namespace turso::sync {

class PushTest : public testing::Test {
 protected:
  PushTest() : recorder_(dir_.path("p.db")), server_(dir_.path("server.db")) { EXPECT_TRUE(initialize()); }

  // A replica whose log is empty so far; the log tables bear our names and would be dropped.
  bool initialize() {
    Meta meta = new_meta("laptop", *system_environment());
    return save_meta(recorder_.connection(), meta).has_value();
  }

  Meta meta() { return load_meta(recorder_.connection()).value().value(); }

  std::unique_ptr<PushSession> session(PushOptions options = {}) {
    auto begun =
        PushSession::begin(sqlite::Connection::open(dir_.path("p.db"), {.busy_timeout_ms = 100}).value(), options);
    EXPECT_TRUE(begun.has_value());
    return std::move(begun).value();
  }

  // Runs a whole session against the server.
  Result<PushResult> push(PushOptions options = {}) {
    auto begun =
        PushSession::begin(sqlite::Connection::open(dir_.path("p.db"), {.busy_timeout_ms = 100}).value(), options);
    if (!begun.has_value()) return std::move(begun).error();
    PushSession& running = **begun;
    for (;;) {
      TURSO_TRY(auto request, running.next());
      if (!request.has_value()) return running.result();
      TURSO_CHECK(running.on_answer(server_.handle(request->body)));
    }
  }

  void local(const std::vector<std::string>& statements) {
    Status status = recorder_.transaction(statements);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  void remote(const std::string& sql) {
    Status status = server_.connection().exec(sql);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  Value at_server(const std::string& sql) { return server_.connection().query_value(sql).value(); }
  Value here(const std::string& sql) { return recorder_.connection().query_value(sql).value(); }

  // Every user table of the replica, row by row, is the same at the server.
  void expect_same(const std::string& table, const std::string& order = "1") {
    const std::string sql = "SELECT * FROM " + sqlite::identifier(table) + " ORDER BY " + order;
    auto mine = recorder_.connection().prepare(sql).value();
    auto theirs = server_.connection().prepare(sql).value();
    for (;;) {
      const bool more = mine.step().value();
      ASSERT_EQ(theirs.step().value(), more) << table;
      if (!more) return;
      ASSERT_EQ(mine.column_count(), theirs.column_count());
      for (int i = 0; i < mine.column_count(); ++i)
        EXPECT_EQ(mine.column(i).to_sql(), theirs.column(i).to_sql()) << table << " column " << i;
    }
  }

  test::TempDir dir_;
  test::Recorder recorder_;
  test::ScriptedServer server_;
};

}  // namespace turso::sync

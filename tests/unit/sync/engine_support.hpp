// engine_support.hpp -- the host that tests play, and a remote that serves one database image. No sockets.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/varint.hpp"
#include "sqlite/connection.hpp"
#include "support/temp_dir.hpp"
#include "sync/engine.hpp"
#include "wire/page_selector.hpp"
#include "wire/pull.hpp"

namespace turso::sync::test {

using turso::test::TempDir;

inline void answer(IoItem& item, int status, ByteView body, std::size_t piece_bytes = 1 << 20) {
  ASSERT_TRUE(item.set_status(status));
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    ASSERT_TRUE(item.push_buffer(body.subspan(at, std::min(piece_bytes, body.size() - at))));
  }
  ASSERT_TRUE(item.done());
}

using Host = std::function<void(IoItem&)>;

// The beginning of an answer to a pull.
inline Bytes framed(const wire::PullHeader& header) {
  Bytes encoded = wire::encode_pull_header(header);
  Bytes body;
  append_protobuf_varint(body, encoded.size());
  append(body, encoded);
  return body;
}

inline wire::PullHeader header_of(std::string revision, std::uint64_t db_size) {
  wire::PullHeader header;
  header.server_revision = std::move(revision);
  header.db_size = db_size;
  header.raw_encoding = true;
  header.protocol = wire::RemoteProtocol::kPages;
  return header;
}

// Resumes until the end; `host` performs what the queue asks for.
inline Result<OperationState> run(Engine& engine, Operation& operation, const Host& host) {
  for (int rounds = 0; rounds < 1'000'000; ++rounds) {
    Result<OperationState> state = operation.resume();
    if (!state.has_value() || *state == OperationState::kDone) return state;
    while (auto item = engine.take_io_item()) host(*item);
    engine.step_io_callbacks();
  }
  return Error{ErrorKind::kError, "the operation does not end"};
}

inline void no_io(IoItem& item) { ADD_FAILURE() << "unexpected request " << item.method << " " << item.path; }

// A database that a server holds: every change of `sql()` is a new revision, pulls send all pages.
class Remote {
 public:
  Remote() : path_(dir_.path("remote.db")) {
    auto opened = sqlite::Connection::open(path_, {});
    EXPECT_TRUE(opened.has_value());
    db_ = std::move(*opened);
    sql("PRAGMA page_size=4096; PRAGMA journal_mode=DELETE; PRAGMA user_version=0; VACUUM");
    counter_ = 0;
  }

  void sql(std::string_view text) {
    Status done = db_.exec(text);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    ++counter_;
  }
  sqlite::Connection& db() { return db_; }

  std::string revision() const { return concat(lineage, ":", counter_); }
  Bytes image() const {
    auto content = read_file(path_, 1 << 30);
    EXPECT_TRUE(content.has_value());
    return content.has_value() ? *content : Bytes{};
  }

  // The body of the answer to this request.
  Bytes pull(const IoItem& item) {
    auto request = wire::decode_pull_request(item.body);
    EXPECT_TRUE(request.has_value());
    requests.push_back(*request);
    Bytes pages = image();
    wire::PullHeader header = header_of(revision(), pages.size() / 4096);
    Bytes body = framed(header);
    if (request->client_revision == revision()) return body;
    auto selected = request->server_pages_selector.empty()
                        ? std::vector<wire::PageRange>{{0, static_cast<std::uint32_t>(header.db_size)}}
                        : *wire::decode_page_selector(request->server_pages_selector);
    for (std::uint32_t id = 0; id < header.db_size; ++id) {
      if (!wire::selector_contains(selected, id)) continue;
      wire::append_page_message(body, id, ByteView(pages).subspan(std::size_t{id} * 4096, 4096));
    }
    return body;
  }

  Host host(std::size_t piece_bytes = 1 << 20) {
    return [this, piece_bytes](IoItem& item) {
      ASSERT_EQ(item.path, "/pull-updates");
      answer(item, 200, pull(item), piece_bytes);
    };
  }

  std::string lineage = "a";
  std::vector<wire::PullRequest> requests;

 private:
  TempDir dir_;
  std::string path_;
  sqlite::Connection db_;
  int counter_ = 0;
};

// A replica under test, closed and opened again at will.
class Device {
 public:
  Device() {
    config.path = dir.path("local.db");
    config.remote_url = "http://remote";
    config.client_name = "device";
    config.bootstrap_if_empty = true;
  }

  Engine& engine() {
    if (engine_ == nullptr) {
      auto made = Engine::make(config);
      EXPECT_TRUE(made.has_value()) << made.error().message;
      engine_ = *made;
    }
    return *engine_;
  }
  void close() {
    connection_.reset();
    engine_.reset();
  }

  Result<OperationState> create(const Host& host) { return run_operation(engine().create(), host); }
  Result<OperationState> open(const Host& host = no_io) { return run_operation(engine().open(), host); }
  Result<OperationState> push(const Host& host) { return run_operation(engine().push(), host); }
  Result<OperationState> checkpoint() { return run_operation(engine().checkpoint(), no_io); }

  // Whether there was something to apply.
  Result<bool> pull(const Host& host) {
    TURSO_TRY(std::shared_ptr<Changes> changes, wait(host));
    if (changes == nullptr) return false;
    TURSO_CHECK(apply(std::move(changes)));
    return true;
  }
  Result<std::shared_ptr<Changes>> wait(const Host& host) {
    auto operation = engine().wait();
    TURSO_CHECK(run(engine(), *operation, host));
    return operation->take_changes();
  }
  Result<OperationState> apply(std::shared_ptr<Changes> changes, const Host& host = no_io) {
    return run_operation(engine().apply(std::move(changes)), host);
  }

  Stats stats() {
    auto operation = engine().stats();
    auto done = run(engine(), *operation, no_io);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return operation->stats() != nullptr ? *operation->stats() : Stats{};
  }

  database::Connection& connection() {
    if (connection_ == nullptr) {
      auto operation = engine().connect();
      auto done = run(engine(), *operation, no_io);
      EXPECT_TRUE(done.has_value()) << done.error().message;
      connection_ = operation->take_connection();
    }
    return *connection_;
  }
  void forget_connection() { connection_.reset(); }

  Status try_sql(std::string_view text) {
    std::string rest(text);
    while (!rest.empty()) {
      TURSO_TRY(auto first, connection().prepare_first(rest));
      if (first.statement == nullptr) break;
      for (;;) {
        TURSO_TRY(auto step, first.statement->step());
        if (step == database::StepResult::kDone) break;
      }
      rest.erase(0, first.tail_index);
    }
    return ok();
  }
  void sql(std::string_view text) {
    Status done = try_sql(text);
    ASSERT_TRUE(done.has_value()) << text << ": " << done.error().message;
  }

  // All rows as one text: columns by ',', rows by ';'.
  std::string query(std::string_view text) {
    auto statement = connection().prepare_single(text);
    EXPECT_TRUE(statement.has_value()) << text << ": " << statement.error().message;
    if (!statement.has_value()) return "error";
    std::string out;
    for (;;) {
      auto step = (*statement)->step();
      EXPECT_TRUE(step.has_value()) << text << ": " << step.error().message;
      if (!step.has_value() || *step == database::StepResult::kDone) return out;
      if (!out.empty()) out += ';';
      for (int i = 0; i < (*statement)->column_count(); ++i) out += concat(i == 0 ? "" : ",", column(**statement, i));
    }
  }

  TempDir dir;
  Config config;

 private:
  Result<OperationState> run_operation(std::unique_ptr<Operation> operation, const Host& host) {
    return run(engine(), *operation, host);
  }

  static std::string column(const database::Statement& statement, int index) {
    switch (statement.value_type(index)) {
      case ValueType::kNull: return "NULL";
      case ValueType::kInteger: return std::to_string(statement.value_int(index));
      case ValueType::kReal: return real_to_text(statement.value_real(index));
      case ValueType::kText: return std::string(as_text(statement.value_bytes(index)));
      case ValueType::kBlob: return to_hex(statement.value_bytes(index));
    }
    return "";
  }

  std::shared_ptr<Engine> engine_;
  std::unique_ptr<database::Connection> connection_;
};

}  // namespace turso::sync::test

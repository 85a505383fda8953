// sync_bench.cpp -- how fast changes go to the server and come back, without a network between.
//
// The engine and the server core run in one thread; requests are handed over as they are. So the figures are what the
// two programs need, and what a network adds comes on top. Each line names what was done and how much; pulls
// are repeated and the smallest time counts.
//
// usage: sync_bench [ROWS]     ROWS of 64-byte text that are pushed, 100000 if absent
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "server/service.hpp"
#include "support/temp_dir.hpp"
#include "sync/engine.hpp"

namespace turso {
namespace {

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "sync_bench: %s\n", error.message.c_str());
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  return std::move(result).value();
}
void must(Status status) {
  if (!status) fail(status.error());
}

double seconds(const std::function<void()>& work) {
  auto started = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

class Replica {
 public:
  Replica(server::Service& server, const std::string& path) : server_(server) {
    sync::Config config;
    config.path = path;
    config.remote_url = "http://server";
    config.client_name = "bench";
    config.bootstrap_if_empty = true;
    engine_ = must(sync::Engine::make(config));
    run(*engine_->create());
    auto connecting = engine_->connect();
    run(*connecting);
    connection_ = connecting->take_connection();
  }

  void exec(const std::string& sql) {
    auto statement = must(connection_->prepare_single(sql));
    while (must(statement->step()) == database::StepResult::kRow) {
    }
  }
  void push() { run(*engine_->push()); }
  bool pull() {
    auto waiting = engine_->wait();
    run(*waiting);
    auto changes = waiting->take_changes();
    if (!changes) return false;
    run(*engine_->apply(std::move(changes)));
    return true;
  }
  sync::Stats stats() {
    auto asking = engine_->stats();
    run(*asking);
    return *asking->stats();
  }

 private:
  void run(sync::Operation& operation) {
    while (must(operation.resume()) == sync::OperationState::kIo) {
      while (auto item = engine_->take_io_item()) serve(*item);
      engine_->step_io_callbacks();
    }
  }

  void serve(sync::IoItem& item) {
    server::Request request;
    request.method = item.method;
    request.target = item.path;
    request.headers = item.headers;
    request.body = std::string(as_text(item.body));
    server_.handle(request, [&](server::Response response) {
      must(item.set_status(response.status));
      must(item.push_buffer(as_bytes(response.body)));
      Bytes piece;
      while (response.stream && must(response.stream->next(piece))) {
        must(item.push_buffer(piece));
        piece.clear();
      }
      must(item.done());
    });
  }

  server::Service& server_;
  std::shared_ptr<sync::Engine> engine_;
  std::unique_ptr<database::Connection> connection_;
};

void insert_rows(Replica& replica, std::int64_t first, std::int64_t count) {
  replica.exec(concat("WITH RECURSIVE n(i) AS (SELECT ", first, " UNION ALL SELECT i + 1 FROM n WHERE i < ",
                      first + count - 1, ") INSERT INTO t SELECT i, 'name ' || i, i * 1.5, '", std::string(64, 'x'),
                      "' FROM n"));
}

int run(std::int64_t rows) {
  test::TempDir dir;
  server::ServiceOptions options;
  options.database_path = dir.path("server.db");
  server::Service server(options);
  must(server.open());

  Replica laptop(server, dir.path("laptop.db"));
  laptop.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, body TEXT)");
  for (std::int64_t done = 0; done < rows; done += 1000)
    insert_rows(laptop, done + 1, std::min<std::int64_t>(1000, rows - done));
  double push_seconds = seconds([&] { laptop.push(); });
  sync::Stats pushed = laptop.stats();
  std::printf("push, %lld rows in transactions of 1000     %8.2f s  %9.0f rows/s  %6.1f bytes sent a row\n",
              static_cast<long long>(rows), push_seconds, static_cast<double>(rows) / push_seconds,
              static_cast<double>(pushed.network_sent_bytes) / static_cast<double>(rows));

  std::unique_ptr<Replica> phone;
  double bootstrap_seconds = seconds([&] { phone = std::make_unique<Replica>(server, dir.path("phone.db")); });
  auto received = static_cast<double>(phone->stats().network_received_bytes);
  std::printf("bootstrap, %.1f MB                             %8.3f s  %9.1f MB/s\n", received / 1e6, bootstrap_seconds,
              received / 1e6 / bootstrap_seconds);

  laptop.pull();
  for (std::int64_t changed : {1, 100, 1000}) {
    double least = 1e9;
    std::int64_t bytes = 0;
    for (int i = 0; i < 5; ++i) {
      laptop.exec(concat("UPDATE t SET value = value + 1 WHERE id <= ", changed));
      laptop.push();
      std::int64_t before = phone->stats().network_received_bytes;
      least = std::min(least, seconds([&] { phone->pull(); }));
      bytes = phone->stats().network_received_bytes - before;
    }
    std::printf("pull, %4lld rows updated, nothing pending         %8.4f s  %9lld bytes received\n",
                static_cast<long long>(changed), least, static_cast<long long>(bytes));
  }
  for (std::int64_t pending : {100, 10'000}) {
    phone->exec(concat("UPDATE t SET name = 'pending ' || id WHERE id > ", rows - pending));
    laptop.exec("UPDATE t SET value = value + 1 WHERE id = 1");
    laptop.push();
    double rebase = seconds([&] { phone->pull(); });
    std::printf("pull, 1 row updated, %5lld rows pending           %8.4f s\n", static_cast<long long>(pending), rebase);
    phone->push();
    phone->pull();
    laptop.pull();
  }
  double idle = 1e9;
  for (int i = 0; i < 20; ++i) idle = std::min(idle, seconds([&] { phone->pull(); }));
  std::printf("pull, no news                                   %8.4f s\n", idle);
  return 0;
}

}  // namespace
}  // namespace turso

int main(int argc, char** argv) { return turso::run(argc > 1 ? std::max(2000LL, std::atoll(argv[1])) : 100'000); }

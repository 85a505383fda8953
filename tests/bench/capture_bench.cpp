// capture_bench.cpp -- what capturing costs, beside plain SQLite, in one run.
//
// Every workload runs twice: `plain` through core/sqlite, `full` through core/database with
// capture in full mode. Runs are interleaved at random; the table at the end gives the smallest CPU time of
// each and their ratio, because the minimum is what the machine's noise only adds to.
// Table: integer key, text name, real value, integer, 64-byte text. WAL, synchronous=NORMAL.
//
// usage: capture_bench [Google Benchmark options]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "database/database.hpp"
#include "sqlite/connection.hpp"
#include "support/temp_dir.hpp"

namespace turso {
namespace {

constexpr int kRowsPerTransaction = 1000;
constexpr int kStatementRows = 100'000;
const std::string kText64(64, 'x');

// The least that both sides offer, so that the workloads are written once.
class Session {
 public:
  virtual ~Session() = default;
  virtual void exec(const std::string& sql) = 0;
  virtual int prepare(const std::string& sql) = 0;
  virtual void run(int statement, std::initializer_list<Value> values) = 0;
};

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "capture_bench: %s\n", error.message.c_str());
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

class PlainSession final : public Session {
 public:
  explicit PlainSession(const std::string& path) : db_(must(sqlite::Connection::open(path, {}))) {
    must(db_.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"));
  }
  void exec(const std::string& sql) override { must(db_.exec(sql)); }
  int prepare(const std::string& sql) override {
    statements_.push_back(must(db_.prepare(sql)));
    return static_cast<int>(statements_.size()) - 1;
  }
  void run(int statement, std::initializer_list<Value> values) override {
    auto& prepared = statements_[static_cast<std::size_t>(statement)];
    int position = 0;
    for (const Value& value : values) must(prepared.bind(++position, value));
    must(prepared.run());
  }

 private:
  sqlite::Connection db_;
  std::vector<sqlite::Statement> statements_;
};

class CapturingSession final : public Session {
 public:
  explicit CapturingSession(const std::string& path) {
    database::Database::Options options;
    options.path = path;
    database_ = must(database::Database::open(options));
    connection_ = must(database_->connect());
    exec("PRAGMA journal_mode=WAL");
    exec("PRAGMA synchronous=NORMAL");
    exec("PRAGMA capture_data_changes_conn('full')");
  }
  void exec(const std::string& sql) override { step_to_end(*must(connection_->prepare_single(sql))); }
  int prepare(const std::string& sql) override {
    statements_.push_back(must(connection_->prepare_single(sql)));
    return static_cast<int>(statements_.size()) - 1;
  }
  void run(int statement, std::initializer_list<Value> values) override {
    auto& prepared = *statements_[static_cast<std::size_t>(statement)];
    int position = 0;
    for (const Value& value : values) must(prepared.bind(++position, value));
    step_to_end(prepared);
    must(prepared.reset());
  }

 private:
  static void step_to_end(database::Statement& statement) {
    while (must(statement.step()) == database::StepResult::kRow) {
    }
  }
  std::shared_ptr<database::Database> database_;
  std::unique_ptr<database::Connection> connection_;
  std::vector<std::unique_ptr<database::Statement>> statements_;
};

std::unique_ptr<Session> open_session(bool capture, const std::string& path) {
  if (capture) return std::make_unique<CapturingSession>(path);
  return std::make_unique<PlainSession>(path);
}

enum class Kind { kInsert, kUpdate, kDelete };

void fill(Session& session, int rows) {
  session.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(rows) +
               ") INSERT INTO t SELECT i, 'name ' || i, i * 1.5, i * 7, '" + kText64 + "' FROM n");
}

// One prepared statement per row, `rows` rows per transaction.
void row_statements(benchmark::State& state, bool capture, Kind kind, int rows) {
  test::TempDir dir;
  auto session = open_session(capture, dir.path("db"));
  session->exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, number INTEGER, body TEXT)");
  int insert = session->prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  int update = session->prepare("UPDATE t SET name = ?, value = ? WHERE id = ?");
  int remove = session->prepare("DELETE FROM t WHERE id = ?");
  constexpr int kPrefilled = 200'000;
  if (kind != Kind::kInsert) fill(*session, kPrefilled);
  std::int64_t next = 1;
  for (auto _ : state) {
    if (rows > 1) session->exec("BEGIN");
    for (int i = 0; i < rows; ++i, ++next) {
      std::int64_t id = kind == Kind::kUpdate ? next % kPrefilled + 1 : next;
      if (kind == Kind::kInsert) session->run(insert, {id, "some name", 1.5, id, kText64});
      if (kind == Kind::kUpdate) session->run(update, {"other name", 2.5, id});
      if (kind == Kind::kDelete) session->run(remove, {id});
    }
    if (rows > 1) session->exec("COMMIT");
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

void one_statement(benchmark::State& state, bool capture, Kind kind) {
  for (auto _ : state) {
    state.PauseTiming();
    test::TempDir dir;
    auto session = open_session(capture, dir.path("db"));
    session->exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL, number INTEGER, body TEXT)");
    if (kind != Kind::kInsert) fill(*session, kStatementRows);
    state.ResumeTiming();
    if (kind == Kind::kInsert) fill(*session, kStatementRows);
    if (kind == Kind::kUpdate) session->exec("UPDATE t SET name = 'other', value = value + 1");
    if (kind == Kind::kDelete) session->exec("DELETE FROM t WHERE id > 0");
    state.PauseTiming();
    session.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kStatementRows);
}

// Keeps the smallest CPU time per benchmark and prints the ratios at the end.
class RatioReporter final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      double& least = least_ns_.try_emplace(run.run_name.function_name, run.GetAdjustedCPUTime()).first->second;
      least = std::min(least, run.GetAdjustedCPUTime());
    }
  }
  void Finalize() override {
    std::printf("%-40s %14s %14s %7s\n", "workload", "plain, us", "capture, us", "ratio");
    for (const auto& [name, plain] : least_ns_) {
      if (!name.ends_with("/plain")) continue;
      std::string workload = name.substr(0, name.size() - 6);
      auto full = least_ns_.find(workload + "/full");
      if (full == least_ns_.end()) continue;
      std::printf("%-40s %14.1f %14.1f %7.2f\n", workload.c_str(), plain / 1000, full->second / 1000,
                  full->second / plain);
    }
  }

 private:
  std::map<std::string, double> least_ns_;
};

void register_all() {
  const std::pair<Kind, const char*> kinds[] = {
      {Kind::kInsert, "insert"}, {Kind::kUpdate, "update"}, {Kind::kDelete, "delete"}};
  for (auto [kind, kind_name] : kinds) {
    for (bool capture : {false, true}) {
      std::string side = capture ? "/full" : "/plain";
      Kind k = kind;
      benchmark::RegisterBenchmark((std::string("1000 rows a transaction, ") + kind_name + side).c_str(),
                                   [=](benchmark::State& s) { row_statements(s, capture, k, kRowsPerTransaction); })
          ->Iterations(100);
      benchmark::RegisterBenchmark((std::string("1 row a transaction, ") + kind_name + side).c_str(),
                                   [=](benchmark::State& s) { row_statements(s, capture, k, 1); })
          ->Iterations(5000);
      benchmark::RegisterBenchmark((std::string("one statement, 100000 rows, ") + kind_name + side).c_str(),
                                   [=](benchmark::State& s) { one_statement(s, capture, k); })
          ->Iterations(1);
    }
  }
}

}  // namespace
}  // namespace turso

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  char repetitions[] = "--benchmark_repetitions=7";
  char interleaving[] = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, {repetitions, interleaving});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  turso::register_all();
  turso::RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

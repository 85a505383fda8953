// Random programs of statements, transactions, savepoints and failures, run three times:
//   with capture; without capture, on a plain SQLite, where every answer must be the same; and as a replay of the
//   log on an empty copy, where every before-image must be what is there, and the end must be the same tables.
// A seed is printed with each failure; TURSO_PROPERTY_SEED runs one again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "cdc/record.hpp"
#include "database/database.hpp"
#include "sqlite/connection.hpp"
#include "support/temp_dir.hpp"

namespace turso {
namespace {

constexpr const char* kTables =
    "CREATE TABLE t(x INTEGER PRIMARY KEY, y UNIQUE, z);"
    "CREATE TABLE n(a, b REAL, c TEXT UNIQUE);"
    "CREATE TABLE w(k TEXT, m INT, v, PRIMARY KEY(m, k)) WITHOUT ROWID;"
    "CREATE TABLE s(x INTEGER PRIMARY KEY, i INT, r REAL) STRICT;"
    "CREATE TABLE g(x INTEGER PRIMARY KEY, a INT, v AS (a + 1), d INT AS (a * 2) STORED, UNIQUE(d));"
    "CREATE TABLE p(x INTEGER PRIMARY KEY, k UNIQUE);"
    "CREATE TABLE c(x INTEGER PRIMARY KEY, p REFERENCES p(k) ON UPDATE CASCADE ON DELETE CASCADE, q);"
    "CREATE TABLE d(x INTEGER PRIMARY KEY, p REFERENCES p(x) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TABLE e(x INTEGER PRIMARY KEY, up REFERENCES e(x) ON DELETE CASCADE ON UPDATE CASCADE);"
    "CREATE TABLE l(id INTEGER PRIMARY KEY, what, v);"
    "CREATE TRIGGER t_ai AFTER INSERT ON t BEGIN INSERT INTO l(what, v) VALUES('ins', new.y); END;"
    "CREATE TRIGGER t_au AFTER UPDATE OF z ON t BEGIN UPDATE t SET y = y + 100 WHERE x = new.x AND y < 0; END;"
    "CREATE TRIGGER t_bd BEFORE DELETE ON t BEGIN INSERT INTO l(what, v) VALUES('del', old.y);"
    "  SELECT CASE old.z WHEN 'keep' THEN raise(ABORT, 'kept') WHEN 'skip' THEN raise(IGNORE)"
    "  WHEN 'fail' THEN raise(FAIL, 'failed') WHEN 'roll' THEN raise(ROLLBACK, 'rolled') END; END;"
    "CREATE VIEW tv AS SELECT x, y FROM t;"
    "CREATE TRIGGER tv_ii INSTEAD OF INSERT ON tv BEGIN INSERT OR REPLACE INTO t(x, y, z) VALUES(new.x, new.y, 'v'); "
    "END;";

// The same tables without anything that acts or refuses.
constexpr const char* kCopies =
    "CREATE TABLE t(x INTEGER PRIMARY KEY, y, z);"
    "CREATE TABLE n(a, b REAL, c TEXT);"
    "CREATE TABLE w(k TEXT, m INT, v, PRIMARY KEY(m, k)) WITHOUT ROWID;"
    "CREATE TABLE s(x INTEGER PRIMARY KEY, i INT, r REAL);"
    "CREATE TABLE g(x INTEGER PRIMARY KEY, a INT, d INT);"
    "CREATE TABLE p(x INTEGER PRIMARY KEY, k);"
    "CREATE TABLE c(x INTEGER PRIMARY KEY, p, q);"
    "CREATE TABLE d(x INTEGER PRIMARY KEY, p);"
    "CREATE TABLE e(x INTEGER PRIMARY KEY, up);"
    "CREATE TABLE l(id INTEGER PRIMARY KEY, what, v);";

class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    switch (pick(30)) {
      case 0: return "BEGIN";
      case 1: return "COMMIT";
      case 2: return pick(3) == 0 ? "ROLLBACK" : "COMMIT";
      case 3: return "SAVEPOINT " + savepoint();
      case 4: return "RELEASE " + savepoint();
      case 5: return "ROLLBACK TO " + savepoint();
      case 6: return "SELECT count(*) FROM turso_cdc";
      case 7: return "PRAGMA foreign_keys = 1";
      default: return write();
    }
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::string savepoint() { return std::string(1, static_cast<char>('a' + pick(3))); }
  std::string number() { return std::to_string(static_cast<std::int64_t>(pick(9)) - 1); }
  std::string value() {
    switch (pick(9)) {
      case 0: return "NULL";
      case 1: return "'abc'";
      case 2: return "1.5";
      case 3: return "x'00ff'";
      case 4: return "'keep'";
      case 5: return "'skip'";
      case 6: return pick(2) == 0 ? "'fail'" : "'roll'";
      default: return number();
    }
  }
  std::string conflict() {
    static constexpr const char* kActions[] = {"",           "",         "",          " OR REPLACE",
                                               " OR IGNORE", " OR FAIL", " OR ABORT", " OR ROLLBACK"};
    return kActions[pick(8)];
  }
  std::string returning() { return pick(6) == 0 ? " RETURNING *" : ""; }

  std::string rows(const std::string& kinds) {
    std::string out;
    for (std::uint64_t row = 0, count = 1 + pick(3); row < count; ++row) {
      out += row > 0 ? ", (" : "(";
      for (std::size_t i = 0; i < kinds.size(); ++i)
        out += (i > 0 ? ", " : "") + (kinds[i] == 'k' ? (pick(12) == 0 ? "'bad'" : number()) : value());
      out += ")";
    }
    return out;
  }

  std::string write() {
    switch (pick(24)) {
      case 0:
      case 1:
      case 2: return "INSERT" + conflict() + " INTO t VALUES " + rows("kvv") + returning();
      case 3:
        return "INSERT INTO t VALUES " + rows("kkv") +
               " ON CONFLICT(x) DO UPDATE SET y = excluded.y, z = 'up' ON CONFLICT(y) DO UPDATE SET x = excluded.x + "
               "5" +
               returning();
      case 4: return "UPDATE" + conflict() + " t SET z = " + value() + ", y = y WHERE x > " + number() + returning();
      case 5: return "UPDATE" + conflict() + " t SET x = x + " + number() + ", z = z WHERE y < " + number();
      case 6: return "UPDATE" + conflict() + " t SET y = " + number() + " WHERE x = " + number();
      case 7: return "DELETE FROM t WHERE x " + std::string(pick(2) == 0 ? "= " : "< ") + number() + returning();
      case 8: return "INSERT" + conflict() + " INTO n VALUES " + rows("vkv");
      case 9: return "UPDATE" + conflict() + " n SET b = b + 1, c = " + value() + " WHERE rowid % 2 = " + number();
      case 10: return "UPDATE" + conflict() + " n SET rowid = rowid + 3 WHERE rowid < " + number();
      case 11: return "DELETE FROM n WHERE a = " + value();
      case 12: return "INSERT" + conflict() + " INTO w VALUES " + rows("vkv");
      case 13: return "UPDATE" + conflict() + " w SET m = m + 1, v = " + value() + " WHERE m < " + number();
      case 14: return "UPDATE" + conflict() + " w SET v = " + value() + returning();
      case 15: return "DELETE FROM w WHERE m > " + number();
      case 16: return "INSERT" + conflict() + " INTO s VALUES " + rows("kkk");
      case 17: return "UPDATE" + conflict() + " s SET i = " + value() + ", r = i WHERE x < " + number();
      case 18: return "INSERT" + conflict() + " INTO g(x, a) VALUES " + rows("kk");
      case 19: return "UPDATE" + conflict() + " g SET a = " + number() + " WHERE x <> " + number();
      case 20: return family();
      case 21: return family();
      case 22: return "INSERT INTO tv VALUES " + rows("kk");
      default: return pick(2) == 0 ? "DELETE FROM l" : "REPLACE INTO t SELECT x + 1, y, z FROM t WHERE x < " + number();
    }
  }

  std::string family() {
    switch (pick(9)) {
      case 0: return "INSERT" + conflict() + " INTO p VALUES " + rows("kk");
      case 1: return "INSERT" + conflict() + " INTO c VALUES " + rows("kkv");
      case 2: return "INSERT" + conflict() + " INTO d VALUES " + rows("kk");
      case 3: return "UPDATE" + conflict() + " p SET k = k + " + number();
      case 4: return "DELETE FROM p WHERE x = " + number();
      case 5: return "INSERT" + conflict() + " INTO e VALUES " + rows("kk");
      case 6: return "UPDATE" + conflict() + " e SET x = x + 10, up = up WHERE x = " + number();
      case 7: return "DELETE FROM e WHERE x = " + number();
      default: return "UPDATE" + conflict() + " d SET p = " + number() + " WHERE x > " + number();
    }
  }

  std::mt19937_64 random_;
};

struct Answer {
  bool good = true;
  int code = 0;
  std::vector<std::string> rows;
  std::int64_t changes = 0;
  std::int64_t last_rowid = 0;
  bool autocommit = true;

  std::string text() const {
    std::string out = good ? "ok" : "error " + std::to_string(code);
    out += " changes " + std::to_string(changes) + " rowid " + std::to_string(last_rowid);
    out += autocommit ? " autocommit" : " in transaction";
    for (const std::string& row : rows) out += " (" + row + ")";
    return out;
  }
};

class Captured {
 public:
  explicit Captured(const std::string& path) {
    database::Database::Options options;
    options.path = path;
    database_ = database::Database::open(options).value();
    connection_ = database_->connect().value();
  }

  Answer run(std::string_view sql) {
    Answer answer;
    Status status = step_all(sql, answer);
    answer.good = status.has_value();
    if (!answer.good) answer.code = status.error().sqlite_code & 0xff;
    message = answer.good ? "" : status.error().message;
    answer.autocommit = connection_->autocommit();
    answer.last_rowid = connection_->last_insert_rowid();
    Answer asked;
    if (step_all("SELECT changes()", asked).has_value()) answer.changes = std::stoll(asked.rows.at(0));
    return answer;
  }

  // `stop` is asked every few instructions of the machine; true interrupts.
  void on_progress(std::function<bool()> stop) {
    stop_ = std::move(stop);
    auto install = [this](sqlite3* db) {
      auto ask = [](void* self) { return static_cast<Captured*>(self)->stop_() ? 1 : 0; };
      sqlite3_progress_handler(db, stop_ ? 5 : 0, stop_ ? +ask : nullptr, this);
      return SQLITE_OK;
    };
    EXPECT_TRUE(connection_->install("progress", install, [](sqlite3*) { return SQLITE_OK; }).has_value());
  }

  std::string message;

 private:
  Status step_all(std::string_view sql, Answer& answer) {
    TURSO_TRY(auto statement, connection_->prepare_single(sql));
    for (;;) {
      TURSO_TRY(database::StepResult result, statement->step());
      if (result == database::StepResult::kDone) return ok();
      std::string row;
      for (int i = 0; i < statement->column_count(); ++i) {
        switch (statement->value_type(i)) {
          case ValueType::kNull: row += "NULL"; break;
          case ValueType::kInteger: row += std::to_string(statement->value_int(i)); break;
          case ValueType::kReal: row += Value(statement->value_real(i)).to_sql(); break;
          case ValueType::kText: row += Value(as_text(statement->value_bytes(i))).to_sql(); break;
          case ValueType::kBlob: row += "X'" + to_hex(statement->value_bytes(i)) + "'"; break;
        }
        if (i + 1 < statement->column_count()) row += "|";
      }
      answer.rows.push_back(row);
    }
  }

  std::function<bool()> stop_;
  std::shared_ptr<database::Database> database_;
  std::unique_ptr<database::Connection> connection_;
};

std::string row_of(const sqlite::Statement& statement) {
  std::string row;
  for (int i = 0; i < statement.column_count(); ++i) row += (i > 0 ? "|" : "") + statement.column(i).to_sql();
  return row;
}

Answer run_plain(sqlite::Connection& db, std::string_view sql) {
  Answer answer;
  auto work = [&]() -> Status {
    TURSO_TRY(sqlite::Statement statement, db.prepare(sql));
    for (;;) {
      TURSO_TRY(bool row, statement.step());
      if (!row) return ok();
      answer.rows.push_back(row_of(statement));
    }
  };
  Status status = work();
  answer.good = status.has_value();
  if (!answer.good) answer.code = status.error().sqlite_code & 0xff;
  answer.autocommit = db.autocommit();
  answer.last_rowid = sqlite3_last_insert_rowid(db.handle());
  answer.changes = sqlite3_changes64(db.handle());
  return answer;
}

std::vector<std::string> all_rows(sqlite::Connection& db, const std::string& sql) {
  std::vector<std::string> out;
  sqlite::Statement statement = db.prepare(sql).value();
  while (statement.step().value()) out.push_back(row_of(statement));
  return out;
}

// What SELECT gives for each table, with the rowid where there is one.
constexpr const char* kContents[] = {
    "SELECT rowid, * FROM t", "SELECT rowid, a, b, c FROM n",
    "SELECT * FROM w",        "SELECT * FROM s",
    "SELECT x, a, d FROM g",  "SELECT * FROM p",
    "SELECT * FROM c",        "SELECT * FROM d",
    "SELECT * FROM e",        "SELECT * FROM l",
};

// Applies the log to the copies; anything that does not fit is a failure.
class Replay {
 public:
  Replay(sqlite::Connection& log, sqlite::Connection& copy) : log_(log), copy_(copy) {}

  void run() {
    sqlite::Statement rows =
        log_.prepare(
                "SELECT change_id, change_txn_id, change_type, table_name, id, before, after, updates "
                "FROM turso_cdc ORDER BY change_id")
            .value();
    std::int64_t expected_id = 1;
    std::int64_t open_txn = 0;
    while (rows.step().value()) {
      std::int64_t id = rows.column_int(0);
      EXPECT_EQ(id, expected_id++);
      if (rows.column_int(2) == 2) {
        EXPECT_EQ(rows.column_int(1), open_txn == 0 ? -1 : open_txn);
        open_txn = 0;
        continue;
      }
      if (open_txn == 0) open_txn = id;
      EXPECT_EQ(rows.column_int(1), open_txn) << "change " << id;
      apply(id, static_cast<int>(rows.column_int(2)), std::string(rows.column_text(3)), rows.column(4), rows.column(5),
            rows.column(6), rows.column(7));
    }
    EXPECT_EQ(open_txn, 0) << "the last transaction has no COMMIT record";
  }

 private:
  static bool has_key_record(const std::string& table) { return table == "w"; }

  std::string where(const std::string& table) { return has_key_record(table) ? "m IS ?1 AND k IS ?2" : "rowid IS ?1"; }
  void bind_id(sqlite::Statement& statement, const std::string& table, const Value& id) {
    if (!has_key_record(table)) {
      EXPECT_TRUE(statement.bind(1, id).has_value());
      return;
    }
    std::vector<Value> key = cdc::decode_record(id.blob()).value();
    EXPECT_TRUE(statement.bind(1, key.at(0)).has_value());
    EXPECT_TRUE(statement.bind(2, key.at(1)).has_value());
  }

  void apply(std::int64_t change, int type, const std::string& table, const Value& id, const Value& before,
             const Value& after, const Value& updates) {
    SCOPED_TRACE("change " + std::to_string(change) + " of " + table + ", type " + std::to_string(type));
    if (type <= 0) expect_there(table, id, before);
    if (type == 0) check_updates(before, after, updates);
    if (type <= 0) {
      sqlite::Statement remove = copy_.prepare("DELETE FROM " + table + " WHERE " + where(table)).value();
      bind_id(remove, table, id);
      EXPECT_TRUE(remove.run().has_value());
    }
    if (type >= 0) insert(table, id, cdc::decode_record(after.blob()).value());
  }

  void expect_there(const std::string& table, const Value& id, const Value& before) {
    sqlite::Statement look = copy_.prepare("SELECT * FROM " + table + " WHERE " + where(table)).value();
    bind_id(look, table, id);
    ASSERT_TRUE(look.step().value()) << "no row";
    std::vector<Value> values;
    for (int i = 0; i < look.column_count(); ++i) values.push_back(look.column(i));
    EXPECT_EQ(to_hex(cdc::encode_record(values)), to_hex(before.blob()));
  }

  static void check_updates(const Value& before, const Value& after, const Value& updates) {
    std::vector<Value> b = cdc::decode_record(before.blob()).value();
    std::vector<Value> a = cdc::decode_record(after.blob()).value();
    std::vector<Value> u = cdc::decode_record(updates.blob()).value();
    ASSERT_EQ(u.size(), 2 * a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      bool flag = u[i].integer() != 0;
      EXPECT_EQ(u[a.size() + i], flag ? a[i] : Value());
      EXPECT_TRUE(flag || a[i] == b[i]) << "column " << i << " changed without a flag";
    }
  }

  void insert(const std::string& table, const Value& id, const std::vector<Value>& values) {
    std::string columns = table == "n" ? "(rowid, a, b, c)" : "";
    std::string sql = "INSERT INTO " + table + columns + " VALUES (";
    std::size_t count = values.size() + (columns.empty() ? 0 : 1);
    for (std::size_t i = 0; i < count; ++i) sql += (i > 0 ? ", ?" : "?") + std::to_string(i + 1);
    sqlite::Statement statement = copy_.prepare(sql + ")").value();
    int position = 0;
    if (!columns.empty()) {
      EXPECT_TRUE(statement.bind(++position, id).has_value());
    }
    for (const Value& value : values) EXPECT_TRUE(statement.bind(++position, value).has_value());
    Status status = statement.run();
    EXPECT_TRUE(status.has_value()) << status.error().message;
  }

  sqlite::Connection& log_;
  sqlite::Connection& copy_;
};

void run_program(std::uint64_t seed, int steps) {
  SCOPED_TRACE("TURSO_PROPERTY_SEED=" + std::to_string(seed));
  test::TempDir dir;
  Captured captured(dir.path("captured.db"));
  sqlite::Connection plain = sqlite::Connection::open(dir.path("plain.db"), {}).value();
  ASSERT_TRUE(plain.exec("PRAGMA synchronous=OFF; CREATE TABLE turso_cdc(a)").has_value());
  for (const char* sql : {"PRAGMA synchronous=OFF", "PRAGMA foreign_keys=1"}) captured.run(sql);
  ASSERT_TRUE(plain.exec(std::string("PRAGMA foreign_keys=1;") + kTables).has_value());
  sqlite::Connection maker = sqlite::Connection::open(dir.path("captured.db"), {}).value();
  ASSERT_TRUE(maker.exec(kTables).has_value());
  ASSERT_TRUE(captured.run("PRAGMA capture_data_changes_conn('full')").good) << captured.message;

  Program program(seed);
  std::string story;
  for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
    std::string sql = i + 1 == steps ? "COMMIT" : program.next();
    Answer ours = captured.run(sql);
    Answer theirs = run_plain(plain, sql);
    story += sql + " -- " + ours.text() + " " + captured.message + "\n";
    if (sql.compare(0, 12, "SELECT count") == 0) continue;  // of the log
    EXPECT_EQ(ours.text(), theirs.text()) << sql;
  }
  captured.run("ROLLBACK");
  run_plain(plain, "ROLLBACK");
  sqlite::Connection copy = sqlite::Connection::open(":memory:", {}).value();
  ASSERT_TRUE(copy.exec(kCopies).has_value());
  Replay(maker, copy).run();
  for (const char* contents : kContents) {
    EXPECT_EQ(all_rows(maker, contents), all_rows(plain, contents)) << contents;
    EXPECT_EQ(all_rows(copy, contents), all_rows(maker, contents)) << contents;
  }
  if (testing::Test::HasFailure()) std::fprintf(stderr, "%s\n", story.c_str());
}

// Interrupts at random places, SQL of ours included: COMMIT, flush, ROLLBACK. What is in the tables is in the log.
void run_interrupted_program(std::uint64_t seed, int steps) {
  SCOPED_TRACE("TURSO_PROPERTY_SEED=" + std::to_string(seed));
  test::TempDir dir;
  Captured captured(dir.path("captured.db"));
  sqlite::Connection maker = sqlite::Connection::open(dir.path("captured.db"), {}).value();
  ASSERT_TRUE(maker.exec(kTables).has_value());
  for (const char* sql : {"PRAGMA synchronous=OFF", "PRAGMA foreign_keys=1"}) captured.run(sql);
  ASSERT_TRUE(captured.run("PRAGMA capture_data_changes_conn('full')").good) << captured.message;

  std::mt19937_64 random(seed);
  captured.on_progress([&random] { return random() % 300 == 0; });
  Program program(seed + 1);
  std::string story;
  for (int i = 0; i < steps; ++i) {
    std::string sql = program.next();
    Answer answer = captured.run(sql);
    story += sql + " -- " + answer.text() + " " + captured.message + "\n";
  }
  captured.on_progress(nullptr);
  captured.run("COMMIT");
  captured.run("ROLLBACK");
  sqlite::Connection copy = sqlite::Connection::open(":memory:", {}).value();
  ASSERT_TRUE(copy.exec(kCopies).has_value());
  Replay(maker, copy).run();
  for (const char* contents : kContents) EXPECT_EQ(all_rows(copy, contents), all_rows(maker, contents)) << contents;
  if (testing::Test::HasFailure()) std::fprintf(stderr, "%s\n", story.c_str());
}

void campaign(void (*run)(std::uint64_t, int), int steps) {
  if (const char* seed = std::getenv("TURSO_PROPERTY_SEED")) return run(std::strtoull(seed, nullptr, 10), steps);
  int programs = std::getenv("TURSO_SYNC_LONG") != nullptr ? 20000 : 100;
  if (const char* count = std::getenv("TURSO_PROPERTY_PROGRAMS")) programs = std::atoi(count);
  std::uint64_t seed = (std::uint64_t{std::random_device{}()} << 20);
  for (int i = 0; i < programs && !testing::Test::HasFailure(); ++i) run(seed + static_cast<std::uint64_t>(i), steps);
}

TEST(CaptureProperty, ReplayingTheLogGivesTheTables) { campaign(run_program, 80); }

TEST(CaptureProperty, InterruptsLoseNothing) { campaign(run_interrupted_program, 80); }

}  // namespace
}  // namespace turso

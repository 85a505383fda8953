#include "support/recorder.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/text.hpp"
#include "cdc/names.hpp"
#include "cdc/record.hpp"
#include "cdc/schema_epochs.hpp"

namespace turso::test {
namespace {

Value to_value(sqlite3_value* value) {
  if (value == nullptr) return {};
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER: return Value(static_cast<std::int64_t>(sqlite3_value_int64(value)));
    case SQLITE_FLOAT: return Value(sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return Value(std::string(text, static_cast<std::size_t>(sqlite3_value_bytes(value))));
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
      return Value(Bytes(blob, blob + sqlite3_value_bytes(value)));
    }
    default: return {};
  }
}

void require(const Status& status) {
  if (!status.has_value()) throw std::runtime_error(status.error().message);
}

template <typename T>
T require(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

bool has_real_affinity(std::string_view type) {
  const std::string lower = to_lower(type);
  return lower.find("int") == std::string::npos &&
         (lower.find("real") != std::string::npos || lower.find("floa") != std::string::npos || lower.find("doub") != std::string::npos);
}

Value key_record(const cdc::TableColumns& columns, const std::vector<Value>& stored) {
  std::map<int, Value> key;
  const auto list = columns.stored();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i]->pk > 0) key[list[i]->pk] = stored[i];
  }
  std::vector<Value> values;
  for (const auto& [ordinal, value] : key) values.push_back(value);
  return Value(cdc::encode_record(values));
}

Value blob_of(const std::optional<std::vector<Value>>& values) {
  return values.has_value() ? Value(cdc::encode_record(*values)) : Value();
}

}  // namespace

Recorder::Recorder(const std::string& path) {
  connection_ = require(sqlite::Connection::open(path, {.busy_timeout_ms = 1000}));
  require(connection_.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
      "CREATE TABLE IF NOT EXISTS turso_cdc(change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_txn_id INTEGER, "
      "change_type INTEGER, table_name TEXT, id, before BLOB, after BLOB, updates BLOB);"
      "CREATE TABLE IF NOT EXISTS turso_cdc_version(table_name TEXT PRIMARY KEY, version TEXT NOT NULL);"
      "INSERT OR IGNORE INTO turso_cdc_version VALUES('turso_cdc', 'v2')"));
  sqlite3_preupdate_hook(connection_.handle(), &Recorder::hook, this);
  sqlite3_set_authorizer(connection_.handle(), &Recorder::authorize, this);
}

Recorder::~Recorder() {
  if (!connection_) return;
  sqlite3_preupdate_hook(connection_.handle(), nullptr, nullptr);
  sqlite3_set_authorizer(connection_.handle(), nullptr, nullptr);
}

void Recorder::hook(void* self, sqlite3*, int operation, const char*, const char* table, sqlite3_int64 old_rowid, sqlite3_int64 new_rowid) {
  auto* recorder = static_cast<Recorder*>(self);
  if (recorder->recording_) recorder->on_change(operation, table, old_rowid, new_rowid);
}

int Recorder::authorize(void* self, int action, const char* table, const char* column, const char*, const char* trigger) {
  auto* recorder = static_cast<Recorder*>(self);
  if (action == SQLITE_UPDATE && recorder->recording_ && trigger == nullptr) recorder->set_list_.emplace(table, column);
  return SQLITE_OK;
}

void Recorder::on_change(int operation, const std::string& table, std::int64_t old_rowid, std::int64_t new_rowid) {
  if (cdc::is_bookkeeping_table(table) || starts_with_ignore_case(table, "sqlite_")) return;
  sqlite3* db = connection_.handle();
  const auto known = lists_.find(table);
  if (known == lists_.end()) return;
  const cdc::TableColumns& columns = known->second;
  auto image = [&](auto read, std::int64_t rowid) {
    std::vector<Value> values;
    int position = 0;
    for (const cdc::Column& column : columns.columns) {
      sqlite3_value* raw = nullptr;
      read(db, position++, &raw);
      if (column.generated == cdc::Generated::kVirtual) continue;
      Value value = column.is_rowid ? Value(rowid) : to_value(raw);
      if (has_real_affinity(column.declared_type) && value.type() == ValueType::kInteger) value = Value(static_cast<double>(value.integer()));
      values.push_back(std::move(value));
    }
    return values;
  };
  std::optional<std::vector<Value>> before;
  std::optional<std::vector<Value>> after;
  if (operation != SQLITE_INSERT) before = image(sqlite3_preupdate_old, old_rowid);
  if (operation != SQLITE_DELETE) after = image(sqlite3_preupdate_new, new_rowid);
  const std::string mark = sqlite3_preupdate_depth(db) > 0 ? "trigger" : "";
  auto id_of = [&](const std::vector<Value>& values, std::int64_t rowid) {
    return columns.without_rowid ? key_record(columns, values) : Value(rowid);
  };
  if (operation == SQLITE_INSERT) {
    rows_.push_back({log::ChangeType::kInsert, table, id_of(*after, new_rowid), {}, after, {}, mark});
  } else if (operation == SQLITE_DELETE) {
    rows_.push_back({log::ChangeType::kDelete, table, id_of(*before, old_rowid), before, {}, {}, mark});
  } else if (!(id_of(*before, old_rowid) == id_of(*after, new_rowid))) {
    rows_.push_back({log::ChangeType::kDelete, table, id_of(*before, old_rowid), before, {}, {}, "key_change"});
    rows_.push_back({log::ChangeType::kInsert, table, id_of(*after, new_rowid), {}, after, {}, "key_change"});
  } else {
    std::vector<Value> updates(2 * after->size());
    const auto stored = columns.stored();
    for (std::size_t i = 0; i < after->size(); ++i) {
      const bool flagged = !((*before)[i] == (*after)[i]) || (mark.empty() && set_list_.contains({table, stored[i]->name}));
      updates[i] = flagged ? 1 : 0;
      if (flagged) updates[after->size() + i] = (*after)[i];
    }
    rows_.push_back({log::ChangeType::kUpdate, table, id_of(*before, old_rowid), before, after, updates, mark});
  }
}

std::vector<Recorder::Object> Recorder::schema() {
  std::vector<Object> objects;
  auto read = require(connection_.prepare("SELECT rowid, type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid"));
  while (require(read.step())) {
    if (cdc::is_bookkeeping_table(read.column_text(2)) || starts_with_ignore_case(read.column_text(2), "sqlite_")) continue;
    objects.push_back({read.column_int(0), {read.column(1), read.column(2), read.column(3), read.column(4), read.column(5)}});
  }
  return objects;
}

void Recorder::note_schema(const std::vector<Object>& before, const std::string& statement) {
  const std::vector<Object> after = schema();
  auto find = [](const std::vector<Object>& objects, std::int64_t rowid) {
    return std::find_if(objects.begin(), objects.end(), [&](const Object& o) { return o.rowid == rowid; });
  };
  std::set<std::string> dropped;
  std::vector<Row> changed;
  for (const Object& old : before) {
    auto now = find(after, old.rowid);
    const bool same_object = now != after.end() && now->record[0] == old.record[0];
    if (!same_object) {
      if (old.record[0] == Value("table")) dropped.insert(old.record[1].text());
      continue;
    }
    if (now->record == old.record) continue;
    std::vector<Value> updates(10);
    for (std::size_t i = 0; i < 5; ++i) updates[i] = old.record[i] == now->record[i] ? 0 : 1;
    updates[9] = statement;
    changed.push_back({log::ChangeType::kUpdate, "sqlite_schema", Value(old.rowid), old.record, now->record, updates, ""});
  }
  std::stable_sort(changed.begin(), changed.end(), [](const Row& a, const Row& b) {
    return ((*a.before)[0] == Value("table")) > ((*b.before)[0] == Value("table"));
  });
  for (Row& row : changed) rows_.push_back(std::move(row));
  for (const Object& old : before) {
    auto now = find(after, old.rowid);
    if (now != after.end() && now->record[0] == old.record[0]) continue;
    const bool with_its_table = old.record[0] != Value("table") && dropped.contains(old.record[2].text());
    if (!with_its_table) rows_.push_back({log::ChangeType::kDelete, "sqlite_schema", Value(old.rowid), old.record, {}, {}, ""});
  }
  for (const Object& now : after) {
    auto old = find(before, now.rowid);
    if (old != before.end() && old->record[0] == now.record[0]) continue;
    rows_.push_back({log::ChangeType::kInsert, "sqlite_schema", Value(now.rowid), {}, now.record, {}, ""});
  }
}

Status Recorder::run_one(const std::string& statement) {
  const std::vector<Object> before = schema();
  // Read now, because the hook must not run SQL.
  lists_.clear();
  for (const Object& object : before) {
    if (object.record[0] != Value("table")) continue;
    lists_[object.record[1].text()] = require(cdc::read_columns(connection_, object.record[1].text())).value_or(cdc::TableColumns{});
  }
  const std::int64_t last = next_id() + static_cast<std::int64_t>(rows_.size()) - 1;
  set_list_.clear();
  recording_ = true;
  Status status = connection_.exec(statement);
  recording_ = false;
  TURSO_CHECK(status);
  note_schema(before, statement);
  for (const auto& [table, list] : lists_) {
    auto now = require(cdc::read_columns(connection_, table));
    if (now != list) require(cdc::write_epoch(connection_, table, last, list));
  }
  return ok();
}

std::int64_t Recorder::next_id() {
  const std::int64_t logged = require(connection_.query_int("SELECT max(change_id) FROM turso_cdc"));
  const std::int64_t sequence = require(connection_.query_int("SELECT seq FROM sqlite_sequence WHERE name = 'turso_cdc'"));
  std::int64_t mark = 0;
  if (require(sqlite::has_object(connection_, "table", cdc::kMetaTable))) {
    mark = require(connection_.query_int(
        "SELECT max(value) FROM turso_sync_meta WHERE key IN ('id_high_water', 'sent_through', 'pushed_through', 'acked')"));
  }
  return std::max({logged, sequence, mark}) + 1;
}

Status Recorder::flush() {
  const std::int64_t first = next_id();
  std::int64_t id = first;
  auto insert = require(connection_.prepare("INSERT INTO turso_cdc VALUES(?1, 1700000000, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  std::map<std::int64_t, std::string> marks;
  for (const Row& row : rows_) {
    TURSO_CHECK(insert.bind_all(id, first, static_cast<int>(row.type), row.table, row.id, blob_of(row.before), blob_of(row.after),
                                blob_of(row.updates)));
    TURSO_CHECK(insert.run());
    if (!row.mark.empty()) marks[id] = row.mark;
    ++id;
  }
  if (!rows_.empty()) {
    TURSO_CHECK(insert.bind_all(id, first, 2, Value(), Value(), Value(), Value(), Value()));
    TURSO_CHECK(insert.run());
  }
  if (marks.empty()) return ok();
  TURSO_CHECK(connection_.exec(
      "CREATE TABLE IF NOT EXISTS turso_cdc_marks (first_change_id INTEGER NOT NULL, last_change_id INTEGER NOT NULL, "
      "kind TEXT NOT NULL, PRIMARY KEY (first_change_id, kind)) WITHOUT ROWID"));
  for (auto mark = marks.begin(); mark != marks.end();) {
    auto last = mark;
    while (std::next(last) != marks.end() && std::next(last)->first == last->first + 1 && std::next(last)->second == mark->second) ++last;
    TURSO_CHECK(connection_.run("INSERT INTO turso_cdc_marks VALUES(?1, ?2, ?3)", mark->first, last->first, mark->second));
    mark = std::next(last);
  }
  return ok();
}

Status Recorder::transaction(const std::vector<std::string>& statements) {
  rows_.clear();
  TURSO_TRY(auto transaction, sqlite::Transaction::begin(connection_, sqlite::Transaction::Kind::kImmediate));
  for (const std::string& statement : statements) TURSO_CHECK(run_one(statement));
  TURSO_CHECK(flush());
  return transaction.commit();
}

void Recorder::lone_commit() {
  require(connection_.run("INSERT INTO turso_cdc VALUES(?1, 1700000000, -1, 2, NULL, NULL, NULL, NULL, NULL)", next_id()));
}

std::int64_t Recorder::last_change_id() { return require(connection_.query_int("SELECT max(change_id) FROM turso_cdc")); }

}  // namespace turso::test

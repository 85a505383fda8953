// authorizer.cpp -- notes what a statement will do, and refuses what would destroy pending changes.
#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {
namespace {

constexpr std::string_view kSequence = "sqlite_sequence";

const char* c_str(std::string_view text) { return text.data(); }  // the authorizer's texts end with NUL

bool is_sync_table(std::string_view name) {
  return equals_ignore_case(name, kMetaTable) || equals_ignore_case(name, kBatchTable);
}

// An FTS index whose content lies in another table is derived from it; any other virtual table holds data of its own.
bool has_external_content(sqlite3* db, const char* schema, const char* table) {
  for (int i = 3;; ++i) {
    const char* argument = turso_sqlite_module_argument(db, schema, table, i);
    if (argument == nullptr) return false;
    std::string compact;
    for (char c : std::string_view(argument)) {
      if (c != ' ' && c != '\'' && c != '"') compact += c;
    }
    if (starts_with_ignore_case(compact, "content=")) return compact.size() > std::string_view("content=").size();
  }
}

Error refused(std::string message) { return {ErrorKind::kError, std::move(message)}; }

}  // namespace

int Capture::authorize(void* self, int action, const char* first, const char* second, const char* schema,
                       const char* trigger) {
  Capture& capture = *static_cast<Capture*>(self);
  if (capture.quiet_ || capture.frames_.empty() || turso_sqlite_is_outermost_parse(capture.db_) == 0) return SQLITE_OK;
  Frame& frame = capture.frames_.back();
  try {
    if (frame.running != nullptr) {
      // Only the statement itself, compiled again by SQLite; not what a virtual table compiles while it runs.
      if (turso_sqlite_reprepared(capture.db_) != frame.running) return SQLITE_OK;
      int count = 1 + sqlite3_stmt_status(frame.running, SQLITE_STMTSTATUS_REPREPARE, 0);
      if (frame.facts->reprepares_seen != count) {
        frame.facts->restart();
        frame.facts->reprepares_seen = count;
      }
    }
    return capture.judge(frame, AuthorizerCall(action, first, second, schema, trigger));
  } catch (const std::exception& failure) {
    frame.denied = Error{ErrorKind::kError, failure.what(), SQLITE_NOMEM};
    return SQLITE_DENY;
  }
}

int Capture::judge(Frame& frame, const AuthorizerCall& call) {
  if (!frame.denied.has_value()) frame.denied = refusal(call);
  if (frame.denied.has_value()) return SQLITE_DENY;
  bool captured = call.is_row_write() && is_captured(call.schema, call.first);
  if (captured) {
    turso_sqlite_kind kind = turso_sqlite_table_kind(db_, c_str(call.schema), c_str(call.first));
    captured = kind == TURSO_SQLITE_TABLE || kind == TURSO_SQLITE_VIEW;
  }
  bool is_log = false;
  if (call.is_row_write() || call.action == SQLITE_READ)
    is_log = call.schema == "main" && is_log_name(call.first);
  else if (call.is_schema_change())
    is_log = is_log_name(call.first) || is_log_name(call.second);
  note(*frame.facts, call, captured, is_log);
  return SQLITE_OK;
}

bool Capture::is_excluded_name(std::string_view table) const {
  return equals_ignore_case(table, state_.table) ||
         (is_bookkeeping_table(table) && !equals_ignore_case(table, kLogTable));
}

bool Capture::is_log_name(std::string_view table) const {
  if (table.empty()) return false;
  return (state_.on() && equals_ignore_case(table, state_.table)) || equals_ignore_case(table, kMarksTable) ||
         equals_ignore_case(table, kSchemaTable) || equals_ignore_case(table, kSequence);
}

bool Capture::is_captured(std::string_view schema, std::string_view table) const {
  if (!state_.on() || schema == "temp" || (replica_ && schema != "main")) return false;
  if (starts_with_ignore_case(table, "sqlite_") && !equals_ignore_case(table, kSequence)) return false;
  return schema != "main" || !is_excluded_name(table);
}

std::optional<Error> Capture::refusal(const AuthorizerCall& call) {
  if (!call.is_row_write() && !call.is_schema_change()) return std::nullopt;
  std::string_view schema = call.action == SQLITE_ALTER_TABLE ? call.first : call.schema;
  if (schema == "temp") return std::nullopt;
  std::string meta(kMetaTable);
  bool holds_meta = turso_sqlite_table_kind(db_, c_str(schema), meta.c_str()) == TURSO_SQLITE_TABLE;
  if (schema != "main")
    return holds_meta ? std::optional(refused(
                            concat("attached database ", schema, " is a replica: open it by itself to write to it")))
                      : std::nullopt;
  if (holds_meta && !replica_) {
    become_replica();
    return Error{ErrorKind::kBusy, "the database has become a replica: run the statement again"};
  }
  if (replica_) return refusal_on_replica(call);
  bool creates =
      call.action == SQLITE_CREATE_TABLE || call.action == SQLITE_CREATE_VIEW || call.action == SQLITE_CREATE_VTABLE;
  if (creates && is_sync_table(call.first))
    return refused(concat("table ", call.first, " cannot be created: it would make the database a replica"));
  return std::nullopt;
}

std::optional<Error> Capture::refusal_on_replica(const AuthorizerCall& call) {
  for (std::string_view name : {call.first, call.second}) {
    if (is_bookkeeping_table(name) && (call.is_schema_change() || name == call.first))
      return refused(concat("table ", name, " belongs to sync and may not be changed: pending changes would be lost"));
  }
  if (!call.is_row_write()) return std::nullopt;
  const char* table = c_str(call.first);
  bool is_virtual = turso_sqlite_table_kind(db_, c_str(call.schema), table) == TURSO_SQLITE_VIRTUAL;
  if (equals_ignore_case(call.first, "sqlite_dbpage") ||
      (is_virtual && !has_external_content(db_, c_str(call.schema), table)))
    return refused(
        concat("virtual table ", call.first, " cannot be written on a replica: its content would not be synced"));
  return std::nullopt;
}

}  // namespace turso::cdc

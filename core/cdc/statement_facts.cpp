#include "cdc/statement_facts.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace turso::cdc {
namespace {

std::string_view view_of(const char* text) { return text != nullptr ? std::string_view(text) : std::string_view(); }

RowOperation operation_of(int action) {
  return action == SQLITE_INSERT   ? RowOperation::kInsert
         : action == SQLITE_UPDATE ? RowOperation::kUpdate
                                   : RowOperation::kDelete;
}

bool is_schema_table(std::string_view name) {
  return equals_ignore_case(name, "sqlite_master") || equals_ignore_case(name, "sqlite_schema");
}

Control control_of(const AuthorizerCall& call) {
  bool savepoint = call.action == SQLITE_SAVEPOINT;
  if (call.first == "BEGIN") return savepoint ? Control::kSavepoint : Control::kBegin;
  if (call.first == "ROLLBACK") return savepoint ? Control::kRollbackTo : Control::kRollback;
  return savepoint ? Control::kRelease : Control::kCommit;
}

void note_write(StatementFacts& facts, const AuthorizerCall& call, bool captured) {
  WriteFact write{operation_of(call.action), std::string(call.schema), std::string(call.first),
                  std::string(call.trigger), call.has_trigger,         captured};
  if (std::find(facts.writes.begin(), facts.writes.end(), write) == facts.writes.end())
    facts.writes.push_back(std::move(write));
  if (call.action == SQLITE_UPDATE && !call.has_trigger)
    facts.set.push_back({std::string(call.schema), std::string(call.first), std::string(call.second)});
}

void note_schema_change(StatementFacts& facts, const AuthorizerCall& call) {
  SchemaFact fact{call.action, std::string(call.schema), std::string(call.first), std::string(call.second)};
  if (call.action == SQLITE_ALTER_TABLE) {  // (schema, table)
    fact.schema = call.first;
    fact.object = call.second;
  }
  facts.schema.push_back(std::move(fact));
}

}  // namespace

AuthorizerCall::AuthorizerCall(int action_in, const char* first_in, const char* second_in, const char* schema_in,
                               const char* trigger_in)
    : action(action_in),
      first(view_of(first_in)),
      second(view_of(second_in)),
      has_second(second_in != nullptr),
      schema(view_of(schema_in)),
      trigger(view_of(trigger_in)),
      has_trigger(trigger_in != nullptr) {}

bool AuthorizerCall::is_row_write() const {
  return action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
}

bool AuthorizerCall::is_schema_change() const {
  switch (action) {
    case SQLITE_ALTER_TABLE: return first != "temp";
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VTABLE: return schema != "temp";
    default: return false;
  }
}

void StatementFacts::restart() {
  StatementFacts fresh;
  fresh.is_explain = is_explain;
  fresh.is_readonly = is_readonly;
  fresh.generation = generation;
  fresh.reprepares_seen = reprepares_seen;
  *this = std::move(fresh);
}

StatementKind StatementFacts::kind() const {
  if (is_explain) return StatementKind::kRead;
  if (control != Control::kNone) return StatementKind::kControl;
  if (!pragma_name.empty()) {
    if (is_capture_pragma(pragma_name)) return StatementKind::kSwitch;
    return StatementKind::kOther;
  }
  if (runs_as_it_is) return StatementKind::kOther;
  if (!schema.empty()) return StatementKind::kSchema;
  if (reindexes) return StatementKind::kOther;
  bool elsewhere = false;
  for (const WriteFact& write : writes) {
    if (write.schema == "temp") continue;
    if (!write.by_trigger && is_schema_table(write.table)) return StatementKind::kSchema;
    elsewhere = true;
  }
  if (elsewhere) return StatementKind::kWrite;
  return is_readonly ? StatementKind::kRead : StatementKind::kOther;
}

bool StatementFacts::captures_writes() const {
  return std::any_of(writes.begin(), writes.end(), [](const WriteFact& write) { return write.captured; });
}

bool StatementFacts::has_schema_action(int action) const {
  return std::any_of(schema.begin(), schema.end(), [&](const SchemaFact& fact) { return fact.action == action; });
}

bool is_capture_pragma(std::string_view name) {
  return equals_ignore_case(name, "capture_data_changes_conn") ||
         equals_ignore_case(name, "unstable_capture_data_changes_conn");
}

void note(StatementFacts& facts, const AuthorizerCall& call, bool captured, bool is_log) {
  facts.touches_log |= is_log;
  if (call.is_schema_change()) {
    facts.writes_log |= is_log;
    note_schema_change(facts, call);
    return;
  }
  if (call.is_row_write()) {
    facts.writes_log |= is_log;
    note_write(facts, call, captured);
    return;
  }
  switch (call.action) {
    case SQLITE_TRANSACTION: facts.control = control_of(call); break;
    case SQLITE_SAVEPOINT:
      facts.control = control_of(call);
      facts.savepoint = call.second;
      break;
    case SQLITE_PRAGMA:
      facts.pragma_name = call.first;
      facts.pragma_value = call.second;
      facts.pragma_sets = call.has_second;
      facts.pragma_schema = call.schema;
      break;
    case SQLITE_ANALYZE:
    case SQLITE_ATTACH:
    case SQLITE_DETACH: facts.runs_as_it_is = true; break;
    case SQLITE_REINDEX: facts.reindexes = true; break;
    default: break;
  }
}

}  // namespace turso::cdc

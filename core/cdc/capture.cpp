#include "cdc/capture.hpp"

#include <filesystem>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "cdc/capture_internal.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/flush_tables.hpp"
#include "cdc/functions.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {
namespace {

std::string spill_directory_of(const Capture::Options& options) {
  if (!options.spill_directory.empty()) return options.spill_directory;
  std::error_code failure;
  std::string directory = std::filesystem::temp_directory_path(failure).string();
  return failure ? "." : directory;
}

bool is_begin_concurrent(std::string_view sql, const std::string& message) {
  return message == "near \"CONCURRENT\": syntax error" ||
         (starts_with_ignore_case(message, "near \"concurrent\"") && sql.size() > 5);
}

// What SQLite says, in the words that the pragma's users know.
Error prepare_error(std::string_view sql, Error error) {
  if (is_begin_concurrent(sql, error.message))
    return {ErrorKind::kError, "Concurrent transaction mode is only supported when MVCC is enabled"};
  constexpr std::string_view kArity = "wrong number of arguments to function ";
  for (std::string_view call : {"table_columns_json_array()", "bin_record_json_object()"}) {
    if (equals_ignore_case(error.message, concat(kArity, call)))
      return {ErrorKind::kError,
              concat(call, " function must have exactly ", call[0] == 't' ? "1 argument" : "2 arguments")};
  }
  constexpr std::string_view kUnknown = "unknown database ";
  bool of_pragma = to_lower(sql).find("capture_data_changes_conn") != std::string::npos;
  if (of_pragma && error.message.compare(0, kUnknown.size(), kUnknown) == 0)
    error.message = concat("no such database: ", error.message.substr(kUnknown.size()));
  return error;
}

}  // namespace

Capture::Capture(sqlite3* db, Options options)
    : db_(db), options_(std::move(options)), own_(db), arena_(spill_directory_of(options_), limits::kArenaMemoryBytes) {
  options_.spill_directory = spill_directory_of(options_);
}

Capture::~Capture() {
  statements_.clear();
  sqlite3_preupdate_hook(db_, nullptr, nullptr);
  sqlite3_commit_hook(db_, nullptr, nullptr);
  sqlite3_set_authorizer(db_, nullptr, nullptr);
  static_cast<void>(own_.release());
}

Result<std::unique_ptr<Capture>> Capture::attach(sqlite3* db, Options options) {
  std::unique_ptr<Capture> capture(new Capture(db, std::move(options)));
  TURSO_CHECK(register_functions(db));
  TURSO_CHECK(FlushTables::install(db, capture.get()));
  sqlite3_set_authorizer(db, &Capture::authorize, capture.get());
  sqlite3_commit_hook(db, &Capture::on_commit, capture.get());
  TURSO_CHECK(capture->look_for_replica());
  return capture;
}

// Every connection to a replica captures, however it was opened.
Status Capture::look_for_replica() {
  Quiet quiet(*this);
  Status read = own_.run(sql::kTouchMainSchema);
  // The authorizer looks again at the first write.
  if (!read.has_value() && read.error().kind == ErrorKind::kBusy) return ok();
  TURSO_CHECK(std::move(read));
  if (turso_sqlite_table_kind(db_, "main", std::string(kMetaTable).c_str()) != TURSO_SQLITE_TABLE) return ok();
  become_replica();
  return ok();
}

void Capture::become_replica() {
  replica_ = true;
  // Pages, schema cookie and shadow tables are the publisher's to write: nothing of that would be in the log.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  CaptureState state;
  state.mode = Mode::kFull;
  state.given = kLogTable;
  state.table = kLogTable;
  set_state(std::move(state));
}

void Capture::set_state(CaptureState state) {
  if (state == state_) return;
  state_ = std::move(state);
  ++generation_;
  // Without the hook SQLite may delete all rows of a table at once, so it is there only while it is needed.
  sqlite3_preupdate_hook(db_, state_.on() ? &Capture::on_change : nullptr, this);
}

Result<Capture::Prepared> Capture::prepare(std::string_view sql) {
  Prepared prepared;
  const char* begin = sql.data() != nullptr ? sql.data() : "";
  for (bool again = false;; again = true) {
    prepared.facts = StatementFacts();
    prepared.facts.generation = generation_;
    FrameScope scope(*this, &prepared.facts, nullptr);
    const char* tail = nullptr;
    int code = sqlite3_prepare_v3(db_, begin, static_cast<int>(sql.size()), 0, &prepared.handle, &tail);
    if (code != SQLITE_OK) {
      if (is_stale(prepared.facts) && !again) continue;  // it turned out to be a replica
      if (scope.frame().denied.has_value()) return *scope.frame().denied;
      return prepare_error(sql, sqlite::error_of(db_, code));
    }
    prepared.tail_index = tail != nullptr ? static_cast<std::size_t>(tail - begin) : sql.size();
    break;
  }
  if (prepared.handle == nullptr) return prepared;
  prepared.facts.is_explain = sqlite3_stmt_isexplain(prepared.handle) != 0;
  prepared.facts.is_readonly = sqlite3_stmt_readonly(prepared.handle) != 0;
  if (prepared.facts.kind() == StatementKind::kSwitch) TURSO_CHECK(prepare_switch(prepared));
  return prepared;
}

// Asking becomes a select from the eponymous table; setting is checked now and done when it is run.
Status Capture::prepare_switch(Prepared& prepared) {
  sqlite::Statement pragma(std::exchange(prepared.handle, nullptr));
  if (prepared.facts.pragma_sets) {
    TURSO_CHECK(parse_switch(prepared.facts.pragma_value));
    prepared.handle = pragma.release();
    return ok();
  }
  Quiet quiet(*this);
  TURSO_TRY(sqlite::Statement question, own_.prepare(sql::kReadState));
  prepared.facts.pragma_name.clear();
  prepared.handle = question.release();
  return ok();
}

bool Capture::must_run(const StatementFacts& facts) const {
  switch (facts.kind()) {
    case StatementKind::kControl:
    case StatementKind::kSwitch: return true;
    case StatementKind::kWrite: return state_.on() && (facts.captures_writes() || facts.writes_log);
    case StatementKind::kSchema: return state_.on() || may_concern_a_log(facts);
    case StatementKind::kRead:
    case StatementKind::kOther: return false;
  }
  return false;
}

bool Capture::may_concern_a_log(const StatementFacts& facts) const {
  return (facts.has_schema_action(SQLITE_DROP_TABLE) || facts.has_schema_action(SQLITE_ALTER_TABLE)) &&
         turso_sqlite_table_kind(db_, "main", std::string(kVersionTable).c_str()) == TURSO_SQLITE_TABLE;
}

Status Capture::refuse_nested(StatementKind kind) const {
  if (running_depth_ == 0 || kind == StatementKind::kRead) return ok();
  return Error{ErrorKind::kMisuse, "a statement that is not a read cannot start from inside a running statement"};
}

Status Capture::run(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink) {
  TURSO_CHECK(refuse_nested(facts.kind()));
  TURSO_CHECK(recover());
  observe_end();
  switch (facts.kind()) {
    case StatementKind::kControl: return run_control(statement, facts);
    case StatementKind::kSwitch: return run_switch(facts);
    default: return run_write(statement, facts, sink);
  }
}

Status Capture::before_steps(const StatementFacts& facts) {
  TURSO_CHECK(refuse_nested(facts.kind()));
  if (running_depth_ == 0) {
    TURSO_CHECK(recover());
    observe_end();
    rows_.finish();  // what it knew of tables was of another statement
  }
  // ATTACH and DETACH give a schema's name to another file, PRAGMA schema_version sets the cookie.
  if (facts.kind() == StatementKind::kOther) snapshots_.clear();
  if (facts.touches_log && has_unflushed()) {
    if (running_depth_ > 0)
      return Error{ErrorKind::kMisuse, concat("table ", state_.table,
                                              " cannot be read from inside a running statement while changes wait to "
                                              "be written to it")};
    TURSO_CHECK(flush());
  }
  return check_journal_mode(facts);
}

Result<bool> Capture::step(sqlite3_stmt* statement, StatementFacts& facts) {
  FrameScope scope(*this, &facts, statement);
  StepScope inside(*this, facts.kind() == StatementKind::kOther);
  int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return scope.frame().denied.has_value() ? *scope.frame().denied : sqlite::error_of(db_, code);
}

bool Capture::must_drain(sqlite3_stmt* statement, const StatementFacts& facts) const {
  return !facts.is_readonly && !facts.is_explain && !facts.writes.empty() && sqlite3_column_count(statement) > 0;
}

Status Capture::drain(sqlite3_stmt* statement, StatementFacts& facts, RowSink& sink) {
  TURSO_CHECK(before_steps(facts));
  for (;;) {
    TURSO_TRY(bool row, step(statement, facts));
    if (!row) return ok();
    TURSO_CHECK(sink.add(statement));
  }
}

Result<sqlite::Statement*> Capture::own_statement(const std::string& sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    TURSO_TRY(sqlite::Statement statement, own_.prepare(sql, SQLITE_PREPARE_PERSISTENT));
    found = statements_.emplace(sql, std::move(statement)).first;
  }
  return &found->second;
}

Status Capture::run_own(std::string_view sql) {
  TURSO_TRY(sqlite::Statement * statement, own_statement(std::string(sql)));
  return statement->run();
}

int Capture::on_commit(void* self) { return static_cast<Capture*>(self)->has_unflushed() ? 1 : 0; }

// A trigger on the log changes a table while the log is written: there is no log row for that.
void Capture::refuse_change_by_log(sqlite3* db, std::string_view schema) {
  std::string_view table = turso_sqlite_table_name(turso_sqlite_preupdate_table(db));
  if (!is_captured(schema, table)) return;
  try {
    rows_.fail({ErrorKind::kError, concat("a trigger on it changes table ", table, ", which cannot be captured")});
  } catch (const std::exception&) {
    rows_.fail({ErrorKind::kError, {}, SQLITE_NOMEM});
  }
}

void Capture::on_change(void* self, sqlite3* db, int operation, const char* schema, const char* /*table*/,
                        sqlite3_int64 old_rowid, sqlite3_int64 new_rowid) {
  Capture& capture = *static_cast<Capture*>(self);
  if (capture.flushing_ && sqlite3_preupdate_depth(db) > 0) return capture.refuse_change_by_log(db, schema);
  if (capture.quiet_ || capture.deaf_) return;
  RowCapture::Event event{operation == SQLITE_INSERT   ? RowOperation::kInsert
                          : operation == SQLITE_UPDATE ? RowOperation::kUpdate
                                                       : RowOperation::kDelete,
                          schema, old_rowid, new_rowid, sqlite3_preupdate_depth(db)};
  // C frames of SQLite are above: what an allocation throws must end here.
  try {
    capture.rows_.on_event(db, event, capture.state_, capture.arena_,
                           [&](std::string_view in, std::string_view name) { return capture.is_captured(in, name); });
  } catch (const std::exception& failure) {
    capture.rows_.fail({ErrorKind::kError, failure.what(), SQLITE_NOMEM});
  }
}

}  // namespace turso::cdc

#include "sync/replay.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "cdc/schema_epochs.hpp"
#include "sync/bookkeeping.hpp"
#include "sync/derived_effects.hpp"
#include "sync/pending_changes.hpp"
#include "sync/replay_identity.hpp"
#include "sync/statement_cache.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

class Rebase final : public Replay {
 public:
  Rebase(sqlite::Connection& staging, sqlite::Connection& live, ReplayOptions options)
      : staging_(staging), live_(live), options_(std::move(options)), cache_(staging) {}
  ~Rebase() override { abandon(); }

  Status start();
  Status replay() override { return guarded(replay_pending()); }
  Status finish(const StagedIdentity& identity) override { return guarded(write_bookkeeping(identity)); }
  const ReplayResult& result() const override { return result_; }

 private:
  Status replay_pending();
  Status replay_change(const PendingChange& change);
  Status replay_row(const PendingChange& change);
  Status replay_schema(const PendingChange& change);
  Status run_statements(const TableShape& shape, const PendingChange& change, std::optional<std::int64_t> rowid);
  std::optional<std::int64_t> likely_rowid(const TableShape& shape, const PendingChange& change) const;
  void note_rowid(const TableShape& shape, const PendingChange& change);
  Status begin_transaction_if_needed();
  Status end_transaction(const log::TransactionEnd& end);
  Status check_foreign_keys(const log::TransactionEnd& end);
  Result<bool> has_converged(const TableShape& shape, const PendingChange& change);
  Status write_bookkeeping(const StagedIdentity& identity);
  Error conflict(const PendingChange& change, const std::string& key, Error cause) const;
  void forget_schema();

  // A failed read of the overlay comes out of SQL as anything, "no such table" included: it goes first.
  Status guarded(Status status) {
    if (status.has_value()) return status;
    const Status sticky = options_.sticky_error ? options_.sticky_error() : ok();
    abandon();
    if (!sticky.has_value()) return sticky;
    return status;
  }

  void abandon() {
    cache_.clear();
    if (staging_.handle() != nullptr && !staging_.autocommit())
      discard(staging_.run(sql::kRollback), "the image is given up");
  }

  sqlite::Connection& staging_;
  sqlite::Connection& live_;
  ReplayOptions options_;
  ReplayResult result_;
  PulledRow pulled_;
  StatementCache cache_;
  std::unique_ptr<Shapes> shapes_;
  bool classify_ = false;        // the file was copied: what the image already has is not sent again
  bool still_converged_ = true;  // every transaction above pushed_through_ so far
  std::int64_t converged_through_ = 0;
  std::int64_t pushed_through_ = 0;  // as the log's reader sees it while it replays
  bool effects_repeat_ = false;      // rows that triggers wrote come by themselves

  // The user transaction being replayed.
  bool in_transaction_ = false;
  bool converged_ = true;  // every change so far was found done in the image
  bool has_schema_change_ = false;
  std::int64_t changes_since_commit_ = 0;

  // Keyless tables, by lower-case name: rowid when captured -> rowid in the image.
  std::unordered_map<std::string, std::unordered_map<std::int64_t, std::int64_t>> rowids_;
};

Status Rebase::start() {
  TURSO_TRY(auto meta, load_meta(live_));
  if (!meta.has_value()) return Error{ErrorKind::kMisuse, "apply: the database is no replica"};
  TURSO_TRY(result_.dropped_objects, drop_bookkeeping_objects(staging_));
  TURSO_TRY(pulled_, read_pulled_row(staging_, *meta));
  result_.replica_forked = pulled_.judgement.verdict == RowVerdict::kForked;
  result_.remote_went_back = pulled_.judgement.verdict == RowVerdict::kWentBack;
  if (result_.remote_went_back && !options_.accept_went_back) return remote_went_back_error(*meta, pulled_.row);
  result_.floor = acknowledged_by(pulled_);
  result_.replayed_through = result_.floor;
  classify_ = meta->fork_pending || result_.replica_forked;
  pushed_through_ = result_.remote_went_back ? result_.floor : std::max(meta->pushed_through, result_.floor);
  converged_through_ = pushed_through_;
  TURSO_CHECK(staging_.run(sql::kBegin));
  return staging_.run(sql::kDeferForeignKeys);
}

void Rebase::forget_schema() {
  cache_.clear();
  shapes_ = std::make_unique<Shapes>(live_, staging_);
}

Status Rebase::replay_pending() {
  forget_schema();
  TURSO_TRY(effects_repeat_, effects_repeat(live_, staging_, result_.replayed_through));
  TURSO_TRY(auto pending, PendingChanges::open(live_, {.after = result_.replayed_through}));
  for (;;) {
    TURSO_TRY(auto item, pending.next());
    if (!item.has_value()) return ok();
    if (const auto* change = std::get_if<PendingChange>(&*item)) {
      TURSO_CHECK(replay_change(*change));
    } else {
      TURSO_CHECK(end_transaction(std::get<log::TransactionEnd>(*item)));
    }
  }
}

Status Rebase::begin_transaction_if_needed() {
  if (in_transaction_) return ok();
  in_transaction_ = true;
  converged_ = true;
  has_schema_change_ = false;
  return cache_.run(sql::kSavepoint);
}

Status Rebase::replay_change(const PendingChange& change) {
  TURSO_CHECK(begin_transaction_if_needed());
  if (change.by_trigger && effects_repeat_) return ok();
  ++result_.replayed_changes;
  ++changes_since_commit_;
  return change.schema.has_value() ? replay_schema(change) : replay_row(change);
}

Status Rebase::replay_row(const PendingChange& change) {
  auto found = shapes_->of(change.change);
  if (!found.has_value()) return conflict(change, change.change.id.to_sql(), std::move(found).error());
  const TableShape& shape = **found;
  if (classify_ && change.change.change_id > pushed_through_) {
    TURSO_TRY(bool done, has_converged(shape, change));
    converged_ = converged_ && done;
    if (done) return ok();
  }
  // A keyless row is looked up at its likely rowid first; its old values decide there as well, so that a guess can
  // only cost time.
  const auto likely = likely_rowid(shape, change);
  TURSO_CHECK(run_statements(shape, change, likely));
  if (likely.has_value() && sqlite3_changes(staging_.handle()) == 0)
    TURSO_CHECK(run_statements(shape, change, std::nullopt));
  note_rowid(shape, change);
  return ok();
}

Status Rebase::run_statements(const TableShape& shape, const PendingChange& change, std::optional<std::int64_t> rowid) {
  auto statements = generate(shape, change, rowid);
  if (!statements.has_value())
    return conflict(change, printable_key(shape, change.change), std::move(statements).error());
  for (const GeneratedStatement& statement : *statements) {
    Status ran = cache_.run(statement.sql, statement.args);
    if (!ran.has_value()) return conflict(change, printable_key(shape, change.change), std::move(ran).error());
  }
  return ok();
}

// Where the rebase has put a row that it inserted, else where the row stood when the change was captured.
std::optional<std::int64_t> Rebase::likely_rowid(const TableShape& shape, const PendingChange& change) const {
  if (!shape.key().empty() || change.change.type == log::ChangeType::kInsert ||
      change.change.id.type() != ValueType::kInteger) {
    return std::nullopt;
  }
  const std::int64_t captured = change.change.id.integer();
  const auto table = rowids_.find(to_lower(shape.name));
  if (table == rowids_.end()) return captured;
  const auto row = table->second.find(captured);
  return row == table->second.end() ? captured : row->second;
}

void Rebase::note_rowid(const TableShape& shape, const PendingChange& change) {
  if (!shape.key().empty() || change.change.type != log::ChangeType::kInsert ||
      change.change.id.type() != ValueType::kInteger)
    return;
  rowids_[to_lower(shape.name)][change.change.id.integer()] = sqlite3_last_insert_rowid(staging_.handle());
}

Status Rebase::replay_schema(const PendingChange& change) {
  const SchemaStatement& schema = *change.schema;
  has_schema_change_ = true;
  if (schema.added_column.has_value()) {
    TURSO_TRY(auto columns, cdc::read_columns(staging_, schema.table_name));
    const bool there =
        columns.has_value() && std::any_of(columns->columns.begin(), columns->columns.end(), [&](const cdc::Column& c) {
          return equals_ignore_case(c.name, *schema.added_column);
        });
    if (there) return ok();  // both sides added it
  }
  converged_ = false;
  cache_.clear();
  Status ran = staging_.run(schema.sql);
  forget_schema();
  if (!ran.has_value()) return conflict(change, schema.object_name, std::move(ran).error());
  return ok();
}

Status Rebase::end_transaction(const log::TransactionEnd& end) {
  const bool ran = std::exchange(in_transaction_, false);
  if (ran) {
    TURSO_CHECK(check_foreign_keys(end));
    TURSO_CHECK(cache_.run(sql::kRelease));
    ++result_.replayed_transactions;
  } else if (result_.replayed_transactions == 0 && end.last_change_id <= pushed_through_) {
    result_.floor = end.last_change_id;  // rows that push decided not to send go with what the image acknowledges
  }
  result_.replayed_through = end.last_change_id;
  if (classify_ && end.last_change_id > pushed_through_) {
    still_converged_ = still_converged_ && (!ran || converged_);
    if (still_converged_) converged_through_ = end.last_change_id;
  }
  if (changes_since_commit_ < limits::kReplayChunkChanges) return ok();
  changes_since_commit_ = 0;
  TURSO_CHECK(cache_.run(sql::kCommit));
  TURSO_CHECK(cache_.run(sql::kBegin));
  return cache_.run(sql::kDeferForeignKeys);
}

// After a copied or restored file was found: what the other copy has pushed is neither run nor sent again.
Result<bool> Rebase::has_converged(const TableShape& shape, const PendingChange& change) {
  TURSO_TRY(auto check, generate_convergence_check(shape, change));
  if (!check.has_value()) return false;
  TURSO_TRY(auto statement, staging_.prepare(check->sql));
  for (std::size_t i = 0; i < check->args.size(); ++i)
    TURSO_CHECK(statement.bind(static_cast<int>(i) + 1, check->args[i]));
  TURSO_TRY(bool row, statement.step());
  return row && statement.column_int(0) != 0;
}

Status Rebase::check_foreign_keys(const log::TransactionEnd& end) {
  int open = 0;
  int unused = 0;
  sqlite3_db_status(staging_.handle(), SQLITE_DBSTATUS_DEFERRED_FKS, &open, &unused, 0);
  if (open == 0) return ok();
  std::string table = "?";
  std::string key;
  std::string rule = "FOREIGN KEY constraint failed";
  {
    TURSO_TRY(auto violation, staging_.prepare(sql::kFirstForeignKeyViolation));
    TURSO_TRY(bool row, violation.step());
    if (row) {
      table = violation.column_text(0);
      key = violation.column_is_null(1) ? std::string() : violation.column(1).to_sql();
      rule += concat(": ", table, " refers to ", violation.column_text(2));
    }
  }
  PendingChange last;
  last.change.change_id = end.last_change_id;
  last.change.table = table;
  return conflict(last, key, Error{ErrorKind::kConstraint, rule, SQLITE_CONSTRAINT_FOREIGNKEY});
}

Error Rebase::conflict(const PendingChange& change, const std::string& key, Error cause) const {
  const bool rejected =
      cause.kind == ErrorKind::kConstraint || cause.kind == ErrorKind::kSchema || cause.kind == ErrorKind::kError;
  if (!rejected) return cause;  // the disk, memory, an interrupt: not the change's fault
  const std::string& table = change.schema.has_value() ? change.schema->table_name : change.change.table;
  Error error(ErrorKind::kConflict,
              concat("apply: change ", change.change.change_id, " of table ", table, ", key ", key,
                     " cannot be replayed: ", cause.message),
              cause.sqlite_code);
  if (has_schema_change_) error.condition = "conflict_in_schema_change";
  auto subject = std::make_shared<ErrorSubject>();
  subject->table = table;
  subject->key = key;
  subject->constraint = cause.message;
  subject->change_id = change.change.change_id;
  error.subject = std::move(subject);
  return error;
}

Status Rebase::write_bookkeeping(const StagedIdentity& identity) {
  cache_.clear();
  shapes_.reset();
  TURSO_TRY(auto meta, load_meta(live_));  // anew: facts of others may have moved since begin()
  if (!meta.has_value()) return Error{ErrorKind::kCorrupt, "turso_sync_meta vanished during an apply"};
  settle_identity(*meta, pulled_, *options_.environment);
  meta->fork_pending = false;
  meta->pushed_through = std::max({meta->pushed_through, converged_through_, result_.floor});
  TURSO_TRY(HeaderFields live_fields, read_header_fields(live_));
  TURSO_CHECK(write_header_fields(staging_, merge_header_fields(*meta, live_fields, pulled_)));
  TURSO_TRY(meta->id_high_water, highest_change_id(live_, *meta));
  meta->revision = identity.revision;
  meta->changes_ident = identity.changes_ident;
  meta->last_pull_unix_time = identity.last_pull_unix_time;
  TURSO_CHECK(copy_bookkeeping(staging_, live_, *meta, result_.floor, meta->id_high_water));
  TURSO_CHECK(staging_.run(sql::kCommit));
  return options_.sticky_error ? options_.sticky_error() : ok();
}

}  // namespace

Result<std::unique_ptr<Replay>> Replay::begin(sqlite::Connection& staging, sqlite::Connection& live,
                                              ReplayOptions options) {
  auto rebase = std::make_unique<Rebase>(staging, live, options);
  Status started = rebase->start();
  if (started.has_value()) return std::unique_ptr<Replay>(std::move(rebase));
  const Status sticky = options.sticky_error ? options.sticky_error() : ok();
  if (!sticky.has_value()) return sticky.error();
  return std::move(started).error();
}

}  // namespace turso::sync

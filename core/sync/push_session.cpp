#include "sync/push_session.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "sync/outgoing.hpp"
#include "sync/push_batch.hpp"
#include "sync/push_marks.hpp"

namespace turso::sync {
namespace {

class Session final : public PushSession {
 public:
  Session(sqlite::Connection connection, PushOptions options, Meta meta)
      : connection_(std::move(connection)), options_(std::move(options)), meta_(std::move(meta)) {
    row_in_doubt_ = meta_.has_batch_in_doubt();
  }

  Result<std::optional<PushRequest>> next() override {
    if (failure_.has_value()) return *failure_;
    TURSO_ASSERT(awaited_ == Awaited::kNothing);
    auto request = next_request();
    if (!request.has_value()) return fail(std::move(request).error());
    if (request->has_value()) ++result_.requests;
    result_.pushed_through = meta_.pushed_through;
    return request;
  }

  Status on_answer(std::string_view json) override {
    TURSO_ASSERT(awaited_ != Awaited::kNothing);
    Status status = take_answer(std::exchange(awaited_, Awaited::kNothing), json);
    result_.pushed_through = meta_.pushed_through;
    if (!status.has_value()) return fail(std::move(status).error());
    return ok();
  }

  void on_lost() override {
    if (std::exchange(awaited_, Awaited::kNothing) == Awaited::kBatch) row_in_doubt_ = true;
  }

  const PushResult& result() const override { return result_; }

 private:
  enum class Awaited : std::uint8_t { kNothing, kRow, kColumns, kBatch };

  Error fail(Error error) {
    failure_ = std::move(error);
    return *failure_;
  }

  Status take_answer(Awaited awaited, std::string_view json) {
    switch (awaited) {
      case Awaited::kRow: return take_row(json);
      case Awaited::kColumns: return take_columns(json);
      default: return take_batch(json);
    }
  }

  Result<std::optional<PushRequest>> next_request();
  Result<std::optional<PushRequest>> finish();
  Status fill_queue();
  Status pull_from_log();
  std::vector<std::string> unknown_columns() const;
  Result<std::optional<HeaderFields>> unsent_header();
  PushRequest ask_columns(std::vector<std::string> tables);
  Result<PushRequest> send_batch(std::optional<HeaderFields> header);
  Result<std::optional<std::vector<TriggerText>>> guards_of_batch();
  bool server_has_column(const OutgoingStatement& statement, std::unordered_set<std::string>& reshaped) const;

  Status take_row(std::string_view json);
  Status take_columns(std::string_view json);
  Status take_batch(std::string_view json);
  Status batch_committed();
  Status batch_refused(const BatchOutcome& outcome);
  Status change_refused(const StepMeaning& step, const wire::SqlError& error);
  void restart_above(std::int64_t change_id);

  sqlite::Connection connection_;
  PushOptions options_;
  Meta meta_;
  PushResult result_;
  std::optional<Error> failure_;
  Awaited awaited_ = Awaited::kNothing;

  std::optional<OutgoingTransactions> log_;  // nothing: to be opened above pushed_through
  bool log_ended_ = false;
  std::deque<OutgoingTransaction> queue_;  // oldest first; the front of it is in flight
  std::size_t batch_size_ = 0;             // how many of the queue the batch takes
  std::optional<Error> refusal_;           // of the transaction that begins at refused_from_
  std::int64_t refused_from_ = 0;
  bool row_by_row_ = false;  // a merged insert failed: which row shows when each is a step
  bool one_by_one_ = false;  // COMMIT failed: whose fault shows when transactions go alone

  bool row_in_doubt_ = false;
  int disagreements_ = 0;  // in a row, without a batch committed
  std::unordered_map<std::string, std::unordered_set<std::string>> server_columns_;  // by lower-case names
  std::vector<std::string> asked_tables_;
  EncodedBatch encoded_;
  ServerRow set_row_;
  std::optional<HeaderFields> header_in_flight_;
  bool header_refused_ = false;
  bool ship_effects_ = false;  // the server's triggers are not ours: rows that they wrote here are sent
};

// A refused batch that may go again at once does so this often; more means that server and replica talk past each
// other.
constexpr int kDisagreementsMax = 8;

Result<std::optional<PushRequest>> Session::next_request() {
  if (row_in_doubt_) {
    if (++disagreements_ > kDisagreementsMax) {
      return Error{ErrorKind::kProtocol, concat("push: the server's row of replica ", meta_.client_id,
                                                " could not be settled in ", kDisagreementsMax, " attempts")};
    }
    awaited_ = Awaited::kRow;
    return std::optional<PushRequest>(PushRequest{encode_row_request(meta_.client_id)});
  }
  TURSO_CHECK(fill_queue());
  std::optional<HeaderFields> header;
  if (!refusal_.has_value()) {
    TURSO_TRY(header, unsent_header());
  }
  if (batch_size_ == 0 && !header.has_value()) return finish();
  if (auto tables = unknown_columns(); !tables.empty())
    return std::optional<PushRequest>(ask_columns(std::move(tables)));
  TURSO_TRY(PushRequest request, send_batch(header));
  return std::optional<PushRequest>(std::move(request));
}

Result<std::optional<PushRequest>> Session::finish() {
  if (refusal_.has_value()) return *refusal_;
  meta_.last_push_unix_time = options_.environment->unix_time();
  TURSO_CHECK(record_push_end(connection_, meta_));
  return std::optional<PushRequest>();
}

Status Session::pull_from_log() {
  if (!log_.has_value()) {
    TURSO_TRY(auto opened, OutgoingTransactions::open(connection_, meta_.pushed_through));
    log_.emplace(std::move(opened));
  }
  TURSO_TRY(auto transaction, log_->next());
  if (!transaction.has_value()) {
    log_ended_ = true;
    return ok();
  }
  queue_.push_back(std::move(*transaction));
  return ok();
}

// Decides how many transactions the next batch takes, and passes over those at the front of which nothing is sent.
Status Session::fill_queue() {
  batch_size_ = 0;
  std::size_t operations = 0;
  std::size_t bytes = kBatchFrameBytes;
  for (;;) {
    if (batch_size_ == queue_.size()) {
      if (log_ended_) break;
      TURSO_CHECK(pull_from_log());
      continue;
    }
    const OutgoingTransaction& transaction = queue_[batch_size_];
    if (refusal_.has_value() && transaction.end.first_change_id >= refused_from_) break;
    if (batch_size_ == 0 && transaction.statements.empty()) {
      meta_.pushed_through = transaction.end.last_change_id;
      queue_.pop_front();
      continue;
    }
    if (batch_size_ > 0 && bytes + transaction.request_bytes > options_.request_bytes_max) break;
    bytes += transaction.request_bytes;
    operations += static_cast<std::size_t>(transaction.change_count);
    ++batch_size_;
    if (one_by_one_ || (options_.operations_threshold > 0 && operations >= options_.operations_threshold)) break;
  }
  // Transactions behind the last one that sends anything wait for the next round, which passes over them.
  while (batch_size_ > 0 && queue_[batch_size_ - 1].statements.empty()) --batch_size_;
  return ok();
}

// The fields to send when they are not what the server is known to have.
Result<std::optional<HeaderFields>> Session::unsent_header() {
  if (header_refused_) return std::optional<HeaderFields>();
  TURSO_TRY(HeaderFields now, read_header_fields(connection_));
  const HeaderFields& there = meta_.sent_fields.has_value() ? *meta_.sent_fields : meta_.base_fields;
  return now == there ? std::optional<HeaderFields>() : std::optional<HeaderFields>(now);
}

std::vector<std::string> Session::unknown_columns() const {
  std::vector<std::string> tables;
  for (std::size_t t = 0; t < batch_size_; ++t) {
    for (const OutgoingStatement& statement : queue_[t].statements) {
      if (!statement.added_column.has_value()) continue;
      const std::string table = to_lower(statement.table);
      if (!server_columns_.contains(table) && std::find(tables.begin(), tables.end(), table) == tables.end())
        tables.push_back(table);
    }
  }
  return tables;
}

PushRequest Session::ask_columns(std::vector<std::string> tables) {
  asked_tables_ = std::move(tables);
  awaited_ = Awaited::kColumns;
  return {encode_columns_request(asked_tables_)};
}

Status Session::take_columns(std::string_view json) {
  TURSO_TRY(auto columns, read_columns_answer(json, asked_tables_.size()));
  for (std::size_t t = 0; t < asked_tables_.size(); ++t) {
    auto& known = server_columns_[asked_tables_[t]];
    for (const std::string& column : columns[t]) known.insert(to_lower(column));
  }
  return ok();
}

// `reshaped` collects the tables of which the server's columns say nothing any more at this place of the batch.
bool Session::server_has_column(const OutgoingStatement& statement, std::unordered_set<std::string>& reshaped) const {
  const std::string table = to_lower(statement.table);
  if (statement.reshapes) reshaped.insert(table);
  if (!statement.added_column.has_value() || reshaped.contains(table)) return false;
  const auto known = server_columns_.find(table);
  return known != server_columns_.end() && known->second.contains(to_lower(*statement.added_column));
}

// Nothing: every row of the batch is sent, those that triggers wrote included.
Result<std::optional<std::vector<TriggerText>>> Session::guards_of_batch() {
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(batch_size_);
  const bool has_effects = std::any_of(queue_.begin(), end, [](const OutgoingTransaction& transaction) {
    return std::any_of(transaction.statements.begin(), transaction.statements.end(),
                       [](const auto& s) { return s.by_trigger; });
  });
  if (!has_effects || ship_effects_) return std::optional<std::vector<TriggerText>>();
  return triggers_to_guard(connection_, meta_.pushed_through, std::prev(end)->end.last_change_id);
}

Result<PushRequest> Session::send_batch(std::optional<HeaderFields> header) {
  BatchPlan plan;
  std::unordered_set<std::string> reshaped;
  plan.client_id = meta_.client_id;
  plan.expected = meta_.known_row;
  plan.create_ack_table = !meta_.ack_table_known;
  plan.header = header;
  TURSO_TRY(auto guards, guards_of_batch());
  plan.merge_inserts = !row_by_row_;
  if (guards.has_value()) plan.guards = *guards;
  plan.omit = [&](const OutgoingStatement& statement) {
    return (guards.has_value() && statement.by_trigger) || server_has_column(statement, reshaped);
  };
  for (std::size_t t = 0; t < batch_size_; ++t) plan.transactions.push_back(&queue_[t]);
  // A batch of header fields alone acknowledges nothing new.
  const std::int64_t before = meta_.known_row.has_value() ? meta_.known_row->change_id : 0;
  plan.set = {options_.environment->random_nonce(),
              batch_size_ > 0 ? queue_[batch_size_ - 1].end.last_change_id : before};

  encoded_ = encode_batch(plan);
  TURSO_CHECK(record_departure(connection_, meta_, plan.set));
  set_row_ = plan.set;
  header_in_flight_ = header;
  awaited_ = Awaited::kBatch;
  return PushRequest{std::exchange(encoded_.body, {})};
}

void Session::restart_above(std::int64_t change_id) {
  meta_.pushed_through = change_id;
  log_.reset();
  log_ended_ = false;
  queue_.clear();
}

Status Session::take_row(std::string_view json) {
  TURSO_TRY(RowAnswer answer, read_row_answer(json));
  meta_.ack_table_known = answer.table_exists;
  const RowJudgement judgement = judge_row(meta_, answer.row, RowSource::kServer);
  row_in_doubt_ = false;
  switch (judgement.verdict) {
    case RowVerdict::kKnown: return ok();
    case RowVerdict::kArrived:
      restart_above(judgement.acknowledged);
      return record_arrival(connection_, meta_, *answer.row);
    case RowVerdict::kForked:
      TURSO_CHECK(record_fork(connection_, meta_, *options_.environment));
      return replica_forked_error(meta_);
    case RowVerdict::kWentBack: return remote_went_back_error(meta_, answer.row);
  }
  return ok();
}

Status Session::take_batch(std::string_view json) {
  auto outcome = read_batch_answer(encoded_, json);
  if (!outcome.has_value()) return std::move(outcome).error();  // and the batch stays in doubt
  server_columns_.clear();
  return outcome->committed ? batch_committed() : batch_refused(*outcome);
}

Status Session::batch_committed() {
  meta_.ack_table_known = true;
  disagreements_ = 0;
  ++result_.batches_sent;
  for (; batch_size_ > 0; --batch_size_) {
    const OutgoingTransaction& sent = queue_.front();
    meta_.pushed_through = sent.end.last_change_id;
    result_.changes_sent += sent.change_count;
    if (!sent.statements.empty()) ++result_.transactions_sent;
    queue_.pop_front();
  }
  if (header_in_flight_.has_value()) meta_.sent_fields = header_in_flight_;
  return record_arrival(connection_, meta_, set_row_);
}

Status Session::batch_refused(const BatchOutcome& outcome) {
  using Kind = StepMeaning::Kind;
  TURSO_CHECK(record_refusal(connection_, meta_, set_row_));
  const StepMeaning& step = encoded_.steps[outcome.failed_step];
  const wire::SqlError& error = outcome.error;
  const ErrorKind kind = classify_server_error(error.message);
  auto at_step = [&](std::string_view what) {
    return Error{kind, concat("push: ", what, ": ", excerpt(error.message, limits::kErrorBodyExcerptBytes))};
  };
  switch (step.kind) {
    case Kind::kCompare:
      if (is_missing_ack_table(error.message) && meta_.ack_table_known) {
        meta_.ack_table_known = false;
        return ok();  // goes again in the first-push form
      }
      // The overflow says that the row is another one; so does a table that vanished.
      row_in_doubt_ = true;
      return ok();
    case Kind::kChange: return change_refused(step, error);
    case Kind::kHeader:
      TURSO_LOG(LogLevel::kWarn, "turso::sync", at_step("the server takes no header fields").message);
      header_refused_ = true;
      return ok();
    case Kind::kGuard:
      ship_effects_ = true;  // goes again, whole
      return ok();
    case Kind::kCommit:
      if (kind == ErrorKind::kConstraint && batch_size_ > 0) {
        if (batch_size_ == 1) return change_refused({Kind::kChange, 0, &queue_[0].statements.back(), false}, error);
        one_by_one_ = true;
        return ok();
      }
      return at_step("the server could not commit");
    case Kind::kBegin: return at_step("the server could not begin a transaction");
    case Kind::kCreateAckTable: return at_step("the server could not create turso_sync_last_change_id");
    default: return at_step("the server could not write the acknowledgement");
  }
}

// The transactions before the refused one go again without it; its error ends the session after them.
Status Session::change_refused(const StepMeaning& step, const wire::SqlError& error) {
  const ErrorKind kind = classify_server_error(error.message);
  if (step.statement->added_column.has_value() && is_duplicate_column(error.message) &&
      ++disagreements_ <= kDisagreementsMax) {
    return ok();  // somebody added it since its table was read: read again, leave it out
  }
  if (step.merged) {
    row_by_row_ = true;
    return ok();
  }
  Error refusal = change_error(*step.statement, error);
  if (kind == ErrorKind::kBusy || kind == ErrorKind::kServer) return refusal;  // not the change's fault
  refusal_ = std::move(refusal);
  refused_from_ = queue_[step.transaction].end.first_change_id;
  return ok();
}

}  // namespace

Result<std::unique_ptr<PushSession>> PushSession::begin(sqlite::Connection connection, PushOptions options) {
  TURSO_CHECK(prepare_push_connection(connection));
  TURSO_TRY(auto meta, load_meta(connection));
  if (!meta.has_value()) return Error{ErrorKind::kMisuse, "push: the database is no replica"};
  if (meta->fork_pending) return replica_forked_error(*meta);
  return std::unique_ptr<PushSession>(
      std::make_unique<Session>(std::move(connection), std::move(options), std::move(*meta)));
}

}  // namespace turso::sync

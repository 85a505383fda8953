#include "sync/push_batch.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

using wire::Condition;

class BatchWriter {
 public:
  // Runs only if the step before has run well.
  void chained(StepMeaning meaning, std::string_view text, std::vector<Value> args = {}) {
    add(meaning, Condition::ok(static_cast<std::uint32_t>(steps_.size()) - 1), text, std::move(args));
  }

  void add(StepMeaning meaning, std::optional<Condition> condition, std::string_view text,
           std::vector<Value> args = {}) {
    wire::Step step;
    step.condition = std::move(condition);
    step.statement.sql = text;
    step.statement.args = std::move(args);
    step.statement.want_rows = false;
    writer_.add(step);
    steps_.push_back(meaning);
  }

  std::uint32_t last_step() const { return static_cast<std::uint32_t>(steps_.size()) - 1; }
  EncodedBatch finish() { return {writer_.finish(), std::move(steps_)}; }

 private:
  wire::BatchRequestWriter writer_;
  std::vector<StepMeaning> steps_;
};

// One INSERT of many rows: their first statement, then the rows of those that follow it.
class MergedInsert {
 public:
  bool empty() const { return rows_.empty(); }
  const OutgoingStatement* first() const { return rows_.front(); }
  bool merged() const { return rows_.size() > 1; }

  bool takes(const OutgoingStatement& next) const {
    return rows_.size() < limits::kInsertRowsMax &&
           arg_count_ + next.statement.args.size() <= limits::kInsertArgumentsMax &&
           rows_.front()->statement.takes_row_of(next.statement);
  }
  void add(const OutgoingStatement& statement) {
    rows_.push_back(&statement);
    arg_count_ += statement.statement.args.size();
  }

  std::string sql() const {
    const GeneratedStatement& head = first()->statement;
    if (!merged()) return head.sql;
    std::string text = head.sql.substr(0, head.row_end);
    for (std::size_t i = 1; i < rows_.size(); ++i) {
      const GeneratedStatement& row = rows_[i]->statement;
      text += ',';
      text.append(row.sql, row.row_begin, row.row_end - row.row_begin);
    }
    return text.append(head.sql, head.row_end, std::string::npos);
  }
  std::vector<Value> args() const {
    std::vector<Value> values;
    values.reserve(arg_count_);
    for (const OutgoingStatement* row : rows_)
      values.insert(values.end(), row->statement.args.begin(), row->statement.args.end());
    return values;
  }
  void clear() {
    rows_.clear();
    arg_count_ = 0;
  }

 private:
  std::vector<const OutgoingStatement*> rows_;
  std::size_t arg_count_ = 0;
};

// The changes of one transaction as chained steps.
void add_changes(BatchWriter& batch, const BatchPlan& plan, std::size_t transaction) {
  MergedInsert pending;
  auto flush = [&] {
    if (pending.empty()) return;
    batch.chained({StepMeaning::Kind::kChange, transaction, pending.first(), pending.merged()}, pending.sql(),
                  pending.args());
    pending.clear();
  };
  for (const OutgoingStatement& outgoing : plan.transactions[transaction]->statements) {
    if (plan.omit && plan.omit(outgoing)) continue;
    if (!pending.empty() && !(plan.merge_inserts && pending.takes(outgoing))) flush();
    pending.add(outgoing);
  }
  flush();
}

Value pair_value(const std::optional<ServerRow>& row) {
  return row.has_value() ? Value(concat(row->pull_gen, ":", row->change_id)) : Value();
}

bool contains(std::string_view text, std::string_view part) {
  return to_lower(text).find(to_lower(part)) != std::string::npos;
}

Error server_error(const wire::SqlError& error) {
  return Error{classify_server_error(error.message),
               concat("push: the server answered: ", excerpt(error.message, limits::kErrorBodyExcerptBytes))};
}

// The one answer of a request with one batch.
Result<wire::BatchResult> single_batch(std::string_view json, std::size_t step_count) {
  TURSO_TRY(auto response, wire::decode_pipeline_response(json));
  if (response.results.size() != 1) {
    return Error{ErrorKind::kProtocol,
                 concat("push: the answer holds ", response.results.size(), " results, expected 1")};
  }
  if (const auto* error = std::get_if<wire::SqlError>(&response.results.front())) return server_error(*error);
  auto* batch = std::get_if<wire::BatchResult>(&response.results.front());
  if (batch == nullptr) return Error{ErrorKind::kProtocol, "push: the answer to a batch is of another kind"};
  if (batch->step_results.size() != step_count || batch->step_errors.size() != step_count) {
    return Error{ErrorKind::kProtocol,
                 concat("push: the answer is about ", batch->step_results.size(), " steps, expected ", step_count)};
  }
  return std::move(*batch);
}

std::string encode_reads(std::vector<wire::Step> steps) {
  wire::BatchRequestWriter writer;
  for (const wire::Step& step : steps) writer.add(step);
  return writer.finish();
}

wire::Step read_step(std::string_view text, std::string_view argument) {
  wire::Step step;
  step.statement.sql = text;
  step.statement.args.emplace_back(argument);
  return step;
}

}  // namespace

EncodedBatch encode_batch(const BatchPlan& plan) {
  using Kind = StepMeaning::Kind;
  BatchWriter batch;
  batch.add({Kind::kBegin}, std::nullopt, sql::kServerBegin);
  if (plan.create_ack_table) batch.chained({Kind::kCreateAckTable}, sql::kServerCreateAckTable);
  batch.chained({Kind::kCompare}, sql::kServerCompareRow, {Value(plan.client_id), pair_value(plan.expected)});
  for (std::size_t t = 0; t < plan.transactions.size(); ++t) add_changes(batch, plan, t);
  if (plan.header.has_value()) {
    batch.chained({Kind::kHeader}, concat(sql::kSetUserVersion, plan.header->user_version));
    batch.chained({Kind::kHeader}, concat(sql::kSetApplicationId, plan.header->application_id));
  }
  for (const TriggerText& trigger : plan.guards) {
    batch.chained({Kind::kGuard}, sql::kServerCompareTrigger, {Value(trigger.name), Value(trigger.sql)});
  }
  batch.chained({Kind::kSetRow}, sql::kServerSetRow,
                {Value(plan.client_id), Value(plan.set.pull_gen), Value(plan.set.change_id)});
  batch.chained({Kind::kCommit}, sql::kServerCommit);
  batch.add({Kind::kRollback}, Condition::all({Condition::ok(0), Condition::negate(Condition::ok(batch.last_step()))}),
            sql::kServerRollback);
  return batch.finish();
}

Result<BatchOutcome> read_batch_answer(const EncodedBatch& batch, std::string_view json) {
  TURSO_TRY(auto answer, single_batch(json, batch.steps.size()));
  const std::size_t commit = batch.steps.size() - 2;
  const bool committed = answer.step_results[commit].has_value() && !answer.step_errors[commit].has_value();
  // The ROLLBACK at the end may fail where the server has rolled back by itself: not counted.
  const auto end = answer.step_errors.begin() + static_cast<std::ptrdiff_t>(commit) + 1;
  const auto failed =
      std::find_if(answer.step_errors.begin(), end, [](const auto& error) { return error.has_value(); });
  if (failed == end) {
    if (committed) return BatchOutcome{true, 0, {}};
    return Error{ErrorKind::kProtocol, "push: the server neither committed the batch nor named a failed step"};
  }
  const auto step = static_cast<std::size_t>(failed - answer.step_errors.begin());
  if (committed) {
    return Error{ErrorKind::kProtocol, concat("push: the server committed a batch of which step ", step,
                                              " failed: ", excerpt((*failed)->message))};
  }
  return BatchOutcome{false, step, std::move(**failed)};
}

ErrorKind classify_server_error(std::string_view message) {
  if (contains(message, "constraint failed") || contains(message, "datatype mismatch") ||
      contains(message, "cannot store ")) {
    return ErrorKind::kConstraint;
  }
  for (std::string_view words : {"no such ", "has no column named", "already exists", "duplicate column",
                                 "already another table", "no column"}) {
    if (contains(message, words)) return ErrorKind::kSchema;
  }
  for (std::string_view words : {"database is locked", "table is locked", "database is busy", "SQLITE_BUSY"}) {
    if (contains(message, words)) return ErrorKind::kBusy;
  }
  return ErrorKind::kServer;
}

bool is_missing_ack_table(std::string_view message) {
  return contains(message, "no such table") && contains(message, cdc::kAckTable);
}

bool is_duplicate_column(std::string_view message) { return contains(message, "duplicate column"); }

Error change_error(const OutgoingStatement& statement, const wire::SqlError& server) {
  const std::string words = excerpt(server.message, limits::kErrorBodyExcerptBytes);
  Error error(classify_server_error(server.message),
              concat("push: the server refuses change ", statement.change_id, " of table ", statement.table, ", key ",
                     statement.key, ": ", words));
  auto subject = std::make_shared<ErrorSubject>();
  subject->table = statement.table;
  subject->key = statement.key;
  subject->constraint = words;
  subject->change_id = statement.change_id;
  error.subject = std::move(subject);
  return error;
}

std::string encode_row_request(std::string_view client_id) {
  return encode_reads({read_step(sql::kServerReadRow, client_id)});
}

Result<RowAnswer> read_row_answer(std::string_view json) {
  TURSO_TRY(auto answer, single_batch(json, 1));
  if (answer.step_errors[0].has_value()) {
    if (contains(answer.step_errors[0]->message, "no such table")) return RowAnswer{false, std::nullopt};
    return server_error(*answer.step_errors[0]);
  }
  if (!answer.step_results[0].has_value())
    return Error{ErrorKind::kProtocol, "push: the server did not run the read of our row"};
  const auto& rows = answer.step_results[0]->rows;
  if (rows.empty()) return RowAnswer{};
  if (rows[0].size() != 2 || rows[0][0].type() != ValueType::kInteger || rows[0][1].type() != ValueType::kInteger) {
    return Error{ErrorKind::kProtocol, "push: our row of turso_sync_last_change_id is not two integers"};
  }
  return RowAnswer{true, ServerRow{rows[0][0].integer(), rows[0][1].integer()}};
}

std::string encode_columns_request(std::span<const std::string> tables) {
  std::vector<wire::Step> steps;
  for (const std::string& table : tables) steps.push_back(read_step(sql::kServerColumns, table));
  return encode_reads(std::move(steps));
}

Result<std::vector<std::vector<std::string>>> read_columns_answer(std::string_view json, std::size_t table_count) {
  TURSO_TRY(auto answer, single_batch(json, table_count));
  std::vector<std::vector<std::string>> tables(table_count);
  for (std::size_t t = 0; t < table_count; ++t) {
    if (answer.step_errors[t].has_value()) return server_error(*answer.step_errors[t]);
    if (!answer.step_results[t].has_value())
      return Error{ErrorKind::kProtocol, "push: the server did not read the columns of a table"};
    for (const auto& row : answer.step_results[t]->rows) {
      if (row.size() != 1 || row[0].type() != ValueType::kText)
        return Error{ErrorKind::kProtocol, "push: a column name is no text"};
      tables[t].push_back(row[0].text());
    }
  }
  return tables;
}

}  // namespace turso::sync

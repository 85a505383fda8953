#include "support/scripted_server.hpp"

#include <algorithm>
#include <stdexcept>

namespace turso::test {

ScriptedServer::ScriptedServer(const std::string& path) {
  auto opened = sqlite::Connection::open(path, {});
  if (!opened.has_value()) throw std::runtime_error(opened.error().message);
  connection_ = std::move(opened).value();
  discard(connection_.exec("PRAGMA synchronous = OFF"), "only slower");
}

std::string ScriptedServer::handle(std::string_view request) {
  ++requests;
  auto decoded = wire::decode_pipeline_request(request);
  if (!decoded.has_value()) throw std::runtime_error(decoded.error().message);
  wire::PipelineResponse response;
  last_steps.clear();
  for (const wire::StreamRequest& part : decoded->requests) {
    const auto* batch = std::get_if<wire::Batch>(&part);
    if (batch == nullptr) throw std::runtime_error("only batches are expected");
    response.results.emplace_back(run(*batch));
  }
  if (!connection_.autocommit()) discard(connection_.exec("ROLLBACK"), "nothing of it may stay");
  return wire::encode_pipeline_response(response);
}

bool ScriptedServer::holds(const wire::Condition& condition, const wire::BatchResult& so_far) const {
  using Kind = wire::Condition::Kind;
  auto operand = [&](const wire::Condition& c) { return holds(c, so_far); };
  switch (condition.kind) {
    case Kind::kOk: return so_far.step_results.at(condition.step).has_value();
    case Kind::kError: return so_far.step_errors.at(condition.step).has_value();
    case Kind::kNot: return !operand(condition.operands.at(0));
    case Kind::kAnd: return std::all_of(condition.operands.begin(), condition.operands.end(), operand);
    case Kind::kOr: return std::any_of(condition.operands.begin(), condition.operands.end(), operand);
    case Kind::kIsAutocommit: return connection_.autocommit();
  }
  return false;
}

wire::BatchResult ScriptedServer::run(const wire::Batch& batch) {
  wire::BatchResult result;
  result.step_results.resize(batch.steps.size());
  result.step_errors.resize(batch.steps.size());
  wire::BatchResult so_far;
  for (const wire::Step& step : batch.steps) {
    last_steps.push_back(step.statement.sql);
    so_far.step_results.emplace_back();
    so_far.step_errors.emplace_back();
    if (!step.condition.has_value() || holds(*step.condition, so_far)) run_step(step.statement, so_far);
  }
  return so_far;
}

void ScriptedServer::run_step(const wire::SqlStatement& statement, wire::BatchResult& result) {
  auto failed = [&](const Error& error) { result.step_errors.back() = wire::SqlError{error.message, "EXECUTE_ERROR"}; };
  auto prepared = connection_.prepare(statement.sql);
  if (!prepared.has_value()) return failed(prepared.error());
  for (std::size_t i = 0; i < statement.args.size(); ++i) {
    Status bound = prepared->bind(static_cast<int>(i) + 1, statement.args[i]);
    if (!bound.has_value()) return failed(bound.error());
  }
  wire::StatementResult answer;
  for (;;) {
    auto row = prepared->step();
    if (!row.has_value()) return failed(row.error());
    if (!*row) break;
    std::vector<Value> values;
    for (int i = 0; i < prepared->column_count(); ++i) values.push_back(prepared->column(i));
    if (statement.want_rows) answer.rows.push_back(std::move(values));
  }
  if (statement.want_rows) {
    for (int i = 0; i < prepared->column_count(); ++i)
      answer.columns.push_back({prepared->column_name(i), std::nullopt});
  }
  result.step_results.back() = std::move(answer);
}

}  // namespace turso::test

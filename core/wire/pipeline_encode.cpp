#include "base/assert.hpp"
#include "base/base64.hpp"
#include "wire/json.hpp"
#include "wire/pipeline.hpp"

namespace turso::wire {
namespace {

using json::write_key;
using json::write_text;
using json::Writer;

// A batch request is written in pieces: what comes before its steps and what comes after them.
constexpr std::string_view kBatchHead = R"({"baton":null,"requests":[{"type":"batch","batch":{"steps":[)";
constexpr std::string_view kBatchTail = R"(],"replication_index":null}}]})";

void write_null(Writer& writer, std::string_view key) {
  write_key(writer, key);
  writer.Null();
}

void write_text(Writer& writer, std::string_view key, std::string_view text) {
  write_key(writer, key);
  json::write_text(writer, text);
}

void write_text_or_null(Writer& writer, std::string_view key, const std::optional<std::string>& text) {
  write_key(writer, key);
  if (text) {
    json::write_text(writer, *text);
  } else {
    writer.Null();
  }
}

void write_value(Writer& writer, const Value& value) {
  writer.StartObject();
  switch (value.type()) {
    case ValueType::kNull: write_text(writer, "type", "null"); break;
    case ValueType::kInteger:
      write_text(writer, "type", "integer");
      write_key(writer, "value");
      json::write_integer_text(writer, value.integer());
      break;
    case ValueType::kReal:
      write_text(writer, "type", "float");
      write_key(writer, "value");
      json::write_real(writer, value.real());
      break;
    case ValueType::kText:
      write_text(writer, "type", "text");
      write_text(writer, "value", value.text());
      break;
    case ValueType::kBlob:
      write_text(writer, "type", "blob");
      write_text(writer, "base64", encode_base64(value.blob()));
      break;
  }
  writer.EndObject();
}

std::string_view condition_type(Condition::Kind kind) {
  switch (kind) {
    case Condition::Kind::kOk: return "ok";
    case Condition::Kind::kError: return "error";
    case Condition::Kind::kNot: return "not";
    case Condition::Kind::kAnd: return "and";
    case Condition::Kind::kOr: return "or";
    case Condition::Kind::kIsAutocommit: return "is_autocommit";
  }
  return "";
}

void write_condition(Writer& writer, const Condition& condition) {
  writer.StartObject();
  write_text(writer, "type", condition_type(condition.kind));
  switch (condition.kind) {
    case Condition::Kind::kOk:
    case Condition::Kind::kError:
      write_key(writer, "step");
      writer.Uint(condition.step);
      break;
    case Condition::Kind::kNot:
      TURSO_ASSERT(condition.operands.size() == 1);
      write_key(writer, "cond");
      write_condition(writer, condition.operands.front());
      break;
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr:
      write_key(writer, "conds");
      writer.StartArray();
      for (const Condition& operand : condition.operands) write_condition(writer, operand);
      writer.EndArray();
      break;
    case Condition::Kind::kIsAutocommit: break;
  }
  writer.EndObject();
}

void write_statement(Writer& writer, const SqlStatement& statement) {
  writer.StartObject();
  write_text(writer, "sql", statement.sql);
  write_null(writer, "sql_id");
  write_key(writer, "args");
  writer.StartArray();
  for (const Value& value : statement.args) write_value(writer, value);
  writer.EndArray();
  write_key(writer, "named_args");
  writer.StartArray();
  for (const NamedArgument& argument : statement.named_args) {
    writer.StartObject();
    write_text(writer, "name", argument.name);
    write_key(writer, "value");
    write_value(writer, argument.value);
    writer.EndObject();
  }
  writer.EndArray();
  write_key(writer, "want_rows");
  writer.Bool(statement.want_rows);
  write_null(writer, "replication_index");
  writer.EndObject();
}

void write_step(Writer& writer, const Step& step) {
  writer.StartObject();
  write_key(writer, "condition");
  if (step.condition) {
    write_condition(writer, *step.condition);
  } else {
    writer.Null();
  }
  write_key(writer, "stmt");
  write_statement(writer, step.statement);
  writer.EndObject();
}

void write_request(Writer& writer, const SqlStatement& statement) {
  write_text(writer, "type", "execute");
  write_key(writer, "stmt");
  write_statement(writer, statement);
}

void write_request(Writer& writer, const Batch& batch) {
  write_text(writer, "type", "batch");
  write_key(writer, "batch");
  writer.StartObject();
  write_key(writer, "steps");
  writer.StartArray();
  for (const Step& step : batch.steps) write_step(writer, step);
  writer.EndArray();
  write_null(writer, "replication_index");
  writer.EndObject();
}

void write_request(Writer& writer, const CloseRequest&) { write_text(writer, "type", "close"); }
void write_request(Writer& writer, const OtherRequest& request) { write_text(writer, "type", request.type); }

void write_statement_result(Writer& writer, const StatementResult& result) {
  writer.StartObject();
  write_key(writer, "cols");
  writer.StartArray();
  for (const Column& column : result.columns) {
    writer.StartObject();
    write_text(writer, "name", column.name);
    write_text_or_null(writer, "decltype", column.decltype_text);
    writer.EndObject();
  }
  writer.EndArray();
  write_key(writer, "rows");
  writer.StartArray();
  for (const std::vector<Value>& row : result.rows) {
    writer.StartArray();
    for (const Value& value : row) write_value(writer, value);
    writer.EndArray();
  }
  writer.EndArray();
  write_key(writer, "affected_row_count");
  writer.Int64(result.affected_row_count);
  write_key(writer, "last_insert_rowid");
  if (result.last_insert_rowid) {
    json::write_integer_text(writer, *result.last_insert_rowid);
  } else {
    writer.Null();
  }
  writer.EndObject();
}

void write_error(Writer& writer, const SqlError& error) {
  writer.StartObject();
  write_text(writer, "message", error.message);
  write_text(writer, "code", error.code);
  writer.EndObject();
}

void write_batch_result(Writer& writer, const BatchResult& result) {
  writer.StartObject();
  write_key(writer, "step_results");
  writer.StartArray();
  for (const auto& step : result.step_results) {
    if (step) {
      write_statement_result(writer, *step);
    } else {
      writer.Null();
    }
  }
  writer.EndArray();
  write_key(writer, "step_errors");
  writer.StartArray();
  for (const auto& error : result.step_errors) {
    if (error) {
      write_error(writer, *error);
    } else {
      writer.Null();
    }
  }
  writer.EndArray();
  writer.EndObject();
}

void write_response_body(Writer& writer, const StatementResult& result) {
  write_text(writer, "type", "execute");
  write_key(writer, "result");
  write_statement_result(writer, result);
}

void write_response_body(Writer& writer, const BatchResult& result) {
  write_text(writer, "type", "batch");
  write_key(writer, "result");
  write_batch_result(writer, result);
}

void write_response_body(Writer& writer, const CloseResult&) { write_text(writer, "type", "close"); }

void write_result(Writer& writer, const StreamResult& result) {
  writer.StartObject();
  if (const auto* error = std::get_if<SqlError>(&result)) {
    write_text(writer, "type", "error");
    write_key(writer, "error");
    write_error(writer, *error);
  } else {
    write_text(writer, "type", "ok");
    write_key(writer, "response");
    writer.StartObject();
    std::visit(
        [&](const auto& body) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(body)>, SqlError>) write_response_body(writer, body);
        },
        result);
    writer.EndObject();
  }
  writer.EndObject();
}

}  // namespace

Condition Condition::ok(std::uint32_t step) { return {Kind::kOk, step, {}}; }
Condition Condition::negate(Condition condition) {
  Condition out{Kind::kNot, 0, {}};
  out.operands.push_back(std::move(condition));
  return out;
}
Condition Condition::all(std::vector<Condition> conditions) { return {Kind::kAnd, 0, std::move(conditions)}; }
Condition Condition::is_autocommit() { return {}; }

std::string encode_pipeline_request(const PipelineRequest& request) {
  std::string out;
  json::Output output(out);
  Writer writer(output);
  writer.StartObject();
  write_text_or_null(writer, "baton", request.baton);
  write_key(writer, "requests");
  writer.StartArray();
  for (const StreamRequest& one : request.requests) {
    writer.StartObject();
    std::visit([&](const auto& known) { write_request(writer, known); }, one);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return out;
}

std::string encode_pipeline_response(const PipelineResponse& response) {
  std::string out;
  json::Output output(out);
  Writer writer(output);
  writer.StartObject();
  write_text_or_null(writer, "baton", response.baton);
  write_null(writer, "base_url");
  write_key(writer, "results");
  writer.StartArray();
  for (const StreamResult& result : response.results) write_result(writer, result);
  writer.EndArray();
  writer.EndObject();
  return out;
}

BatchRequestWriter::BatchRequestWriter() : json_(kBatchHead) {}

void BatchRequestWriter::add(const Step& step) {
  if (step_count_ > 0) json_ += ',';
  json::Output output(json_);
  Writer writer(output);
  write_step(writer, step);
  ++step_count_;
}

std::size_t BatchRequestWriter::size_bytes() const { return json_.size() + kBatchTail.size(); }

std::string BatchRequestWriter::finish() {
  json_ += kBatchTail;
  return std::move(json_);
}

}  // namespace turso::wire

#include <limits>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "wire/json.hpp"
#include "wire/pipeline.hpp"

namespace turso::wire {
namespace {

using json::Object;
using JsonValue = rapidjson::Value;

constexpr std::string_view kRequest = "pipeline request";
constexpr std::string_view kAnswer = "pipeline answer";

// A list with one element for each of `array`'s.
template <typename T, typename Read>
Result<std::vector<T>> read_each(const JsonValue& array, Read read) {
  std::vector<T> out;
  out.reserve(array.Size());
  for (const JsonValue& element : array.GetArray()) {
    TURSO_TRY(T value, read(element));
    out.push_back(std::move(value));
  }
  return out;
}

template <typename T, typename Read>
Result<std::vector<T>> read_list(const Object& object, std::string_view key, Read read) {
  TURSO_TRY(const JsonValue* array, object.array(key));
  return read_each<T>(*array, read);
}

template <typename T, typename Read>
Result<std::vector<T>> read_list_if(const Object& object, std::string_view key, Read read) {
  TURSO_TRY(const JsonValue* array, object.array_if(key));
  if (array == nullptr) return std::vector<T>();
  return read_each<T>(*array, read);
}

template <typename T, typename Read>
Result<std::vector<std::optional<T>>> read_list_of_optional(const Object& object, std::string_view key, Read read) {
  return read_list<std::optional<T>>(object, key, [&](const JsonValue& element) -> Result<std::optional<T>> {
    if (element.IsNull()) return std::optional<T>();
    TURSO_TRY(T value, read(element));
    return std::optional<T>(std::move(value));
  });
}

Result<Value> read_value(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline value", value));
  TURSO_TRY(std::string type, object.text("type"));
  if (type == "null") return Value();
  if (type == "integer") {
    TURSO_TRY(auto integer, object.integer_if("value"));
    if (!integer) return object.wrong("value", "an integer of 64 bits");
    return Value(*integer);
  }
  if (type == "float") {
    const JsonValue* real = object.find("value");
    if (real == nullptr) return Value();  // how a NaN or an infinity travels
    if (!real->IsNumber()) return object.wrong("value", "a number");
    return Value(real->GetDouble());
  }
  if (type == "text") {
    TURSO_TRY(std::string text, object.text("value"));
    return Value(std::move(text));
  }
  if (type == "blob") {
    TURSO_TRY(std::string coded, object.text("base64"));
    std::optional<Bytes> blob = decode_base64(coded);
    if (!blob) return object.wrong("base64", "base64 of the standard alphabet");
    return Value(std::move(*blob));
  }
  return object.wrong("type", concat("null, integer, float, text or blob: ", excerpt(type, 40)));
}

// Recurses as deep as the JSON text nests, which the parser has limited.
Result<Condition> read_condition(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline condition", value));
  TURSO_TRY(std::string type, object.text("type"));
  Condition condition;
  if (type == "is_autocommit") return condition;
  if (type == "ok" || type == "error") {
    condition.kind = type == "ok" ? Condition::Kind::kOk : Condition::Kind::kError;
    TURSO_TRY(condition.step, object.u32("step"));
    return condition;
  }
  if (type == "not") {
    condition.kind = Condition::Kind::kNot;
    TURSO_TRY(const JsonValue* inner, object.require("cond"));
    TURSO_TRY(Condition operand, read_condition(*inner));
    condition.operands.push_back(std::move(operand));
    return condition;
  }
  if (type == "and" || type == "or") {
    condition.kind = type == "and" ? Condition::Kind::kAnd : Condition::Kind::kOr;
    TURSO_TRY(condition.operands, read_list<Condition>(object, "conds", read_condition));
    return condition;
  }
  return object.wrong("type", concat("ok, error, not, and, or or is_autocommit: ", excerpt(type, 40)));
}

Result<NamedArgument> read_named_argument(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline named argument", value));
  NamedArgument argument;
  TURSO_TRY(argument.name, object.text("name"));
  TURSO_TRY(const JsonValue* inner, object.require("value"));
  TURSO_TRY(argument.value, read_value(*inner));
  return argument;
}

Result<SqlStatement> read_statement(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline statement", value));
  SqlStatement statement;
  TURSO_TRY(std::optional<std::string> sql, object.text_if("sql"));
  // A statement may name a stored text by sql_id instead; nothing is stored here, so it has no SQL.
  statement.sql = sql.value_or("");
  TURSO_TRY(statement.args, read_list_if<Value>(object, "args", read_value));
  TURSO_TRY(statement.named_args, read_list_if<NamedArgument>(object, "named_args", read_named_argument));
  TURSO_TRY(statement.want_rows, object.boolean_or("want_rows", true));
  return statement;
}

Result<Step> read_step(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline step", value));
  Step step;
  if (const JsonValue* condition = object.find("condition")) {
    TURSO_TRY(step.condition, read_condition(*condition));
  }
  TURSO_TRY(const JsonValue* statement, object.require("stmt"));
  TURSO_TRY(step.statement, read_statement(*statement));
  return step;
}

Result<StreamRequest> read_request(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline request", value));
  TURSO_TRY(std::string type, object.text("type"));
  if (type == "execute") {
    TURSO_TRY(const JsonValue* statement, object.require("stmt"));
    TURSO_TRY(SqlStatement read, read_statement(*statement));
    return StreamRequest(std::move(read));
  }
  if (type == "batch") {
    TURSO_TRY(const JsonValue* batch_value, object.require("batch"));
    TURSO_TRY(Object batch_object, Object::of("pipeline batch", *batch_value));
    Batch batch;
    TURSO_TRY(batch.steps, read_list<Step>(batch_object, "steps", read_step));
    return StreamRequest(std::move(batch));
  }
  if (type == "close") return StreamRequest(CloseRequest{});
  return StreamRequest(OtherRequest{std::move(type)});
}

Result<Column> read_column(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline column", value));
  Column column;
  TURSO_TRY(std::optional<std::string> name, object.text_if("name"));
  column.name = name.value_or("");
  TURSO_TRY(column.decltype_text, object.text_if("decltype"));
  return column;
}

Result<std::vector<Value>> read_row(const JsonValue& value) {
  if (!value.IsArray()) return Error{ErrorKind::kProtocol, concat(kAnswer, ": a row is not an array")};
  return read_each<Value>(value, read_value);
}

Result<StatementResult> read_statement_result(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline statement result", value));
  StatementResult result;
  TURSO_TRY(result.columns, read_list<Column>(object, "cols", read_column));
  TURSO_TRY(result.rows, read_list<std::vector<Value>>(object, "rows", read_row));
  for (const std::vector<Value>& row : result.rows) {
    if (row.size() != result.columns.size()) {
      return Error{ErrorKind::kProtocol,
                   concat(kAnswer, ": a row has ", row.size(), " values, expected ", result.columns.size())};
    }
  }
  TURSO_TRY(auto affected, object.integer_if("affected_row_count"));
  result.affected_row_count = affected.value_or(0);
  TURSO_TRY(result.last_insert_rowid, object.integer_if("last_insert_rowid"));
  return result;
}

Result<SqlError> read_error(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline error", value));
  SqlError error;
  TURSO_TRY(error.message, object.text("message"));
  TURSO_TRY(std::optional<std::string> code, object.text_if("code"));
  error.code = code.value_or("");
  return error;
}

Result<BatchResult> read_batch_result(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline batch result", value));
  BatchResult result;
  TURSO_TRY(result.step_results, read_list_of_optional<StatementResult>(object, "step_results", read_statement_result));
  TURSO_TRY(result.step_errors, read_list_of_optional<SqlError>(object, "step_errors", read_error));
  if (result.step_results.size() != result.step_errors.size()) {
    return Error{ErrorKind::kProtocol, concat(kAnswer, ": ", result.step_results.size(), " step results and ",
                                              result.step_errors.size(), " step errors, expected as many")};
  }
  return result;
}

Result<StreamResult> read_result(const JsonValue& value) {
  TURSO_TRY(Object object, Object::of("pipeline result", value));
  TURSO_TRY(std::string type, object.text("type"));
  if (type == "error") {
    TURSO_TRY(const JsonValue* error_value, object.require("error"));
    TURSO_TRY(SqlError error, read_error(*error_value));
    return StreamResult(std::move(error));
  }
  if (type != "ok") return object.wrong("type", concat("ok or error: ", excerpt(type, 40)));
  TURSO_TRY(const JsonValue* response_value, object.require("response"));
  TURSO_TRY(Object response, Object::of("pipeline response", *response_value));
  TURSO_TRY(std::string response_type, response.text("type"));
  if (response_type == "close") return StreamResult(CloseResult{});
  if (response_type != "execute" && response_type != "batch") {
    return response.wrong("type", concat("execute, batch or close: ", excerpt(response_type, 40)));
  }
  TURSO_TRY(const JsonValue* result, response.require("result"));
  if (response_type == "execute") {
    TURSO_TRY(StatementResult statement, read_statement_result(*result));
    return StreamResult(std::move(statement));
  }
  TURSO_TRY(BatchResult batch, read_batch_result(*result));
  return StreamResult(std::move(batch));
}

}  // namespace

Result<PipelineRequest> decode_pipeline_request(std::string_view text) {
  TURSO_TRY(rapidjson::Document document, json::parse(kRequest, text));
  TURSO_TRY(Object object, Object::of(kRequest, document));
  PipelineRequest request;
  TURSO_TRY(request.baton, object.text_if("baton"));
  TURSO_TRY(request.requests, read_list<StreamRequest>(object, "requests", read_request));
  return request;
}

Result<PipelineResponse> decode_pipeline_response(std::string_view text) {
  TURSO_TRY(rapidjson::Document document, json::parse(kAnswer, text));
  TURSO_TRY(Object object, Object::of(kAnswer, document));
  PipelineResponse response;
  TURSO_TRY(response.baton, object.text_if("baton"));
  TURSO_TRY(response.results, read_list<StreamResult>(object, "results", read_result));
  return response;
}

}  // namespace turso::wire

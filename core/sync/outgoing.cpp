#include "sync/outgoing.hpp"

#include "base/text.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

// JSON keys, condition and type names around a step and around a value.
constexpr std::size_t kStepOverheadBytes = 220;
constexpr std::size_t kValueOverheadBytes = 40;

std::size_t json_text_bytes(std::string_view text) {
  std::size_t bytes = text.size();
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) bytes += 5;  // \u0000
    if (c == '"' || c == '\\') bytes += 1;
  }
  return bytes;
}

std::size_t json_bytes(const GeneratedStatement& statement) {
  std::size_t bytes = kStepOverheadBytes + json_text_bytes(statement.sql);
  for (const Value& value : statement.args) {
    bytes += kValueOverheadBytes;
    if (value.type() == ValueType::kText) bytes += json_text_bytes(value.text());
    if (value.type() == ValueType::kBlob) bytes += value.blob().size() / 3 * 4 + 4;
  }
  return bytes;
}

void append(OutgoingTransaction& transaction, OutgoingStatement statement) {
  transaction.request_bytes += json_bytes(statement.statement);
  transaction.statements.push_back(std::move(statement));
}

void append_schema_change(OutgoingTransaction& transaction, const log::Change& change, SchemaStatement schema) {
  OutgoingStatement statement;
  statement.statement.sql = std::move(schema.sql);
  statement.change_id = change.change_id;
  statement.table = std::move(schema.table_name);
  statement.key = std::move(schema.object_name);
  statement.reshapes = schema.kind != SchemaStatement::Kind::kCreate && !schema.added_column.has_value();
  statement.added_column = std::move(schema.added_column);
  append(transaction, std::move(statement));
}

}  // namespace

Result<OutgoingTransactions> OutgoingTransactions::open(sqlite::Connection& connection, std::int64_t after) {
  TURSO_TRY(auto pending, PendingChanges::open(connection, {.after = after}));
  return OutgoingTransactions(connection, std::move(pending));
}

// Called when the first change of a transaction has been read: lists read from now on, or kept since, cover all of it.
// A list that was current when it was read may have been replaced before this transaction, which the schema cookie
// tells.
Status OutgoingTransactions::refresh_shapes() {
  TURSO_TRY(std::int64_t version, connection_->query_int(sql::kReadSchemaVersion));
  if (shapes_ == nullptr || version != schema_version_) {
    shapes_ = std::make_unique<Shapes>(*connection_, *connection_);
    schema_version_ = version;
  }
  return ok();
}

Status OutgoingTransactions::add(OutgoingTransaction& transaction, PendingChange change) {
  if (transaction.change_count++ == 0) TURSO_CHECK(refresh_shapes());
  if (change.schema.has_value()) {
    append_schema_change(transaction, change.change, std::move(*change.schema));
    return ok();
  }
  TURSO_TRY(const TableShape* shape, shapes_->of(change.change));
  TURSO_TRY(auto statements, generate(*shape, change));
  for (GeneratedStatement& statement : statements) {
    OutgoingStatement outgoing;
    outgoing.statement = std::move(statement);
    outgoing.change_id = change.change.change_id;
    outgoing.table = change.change.table;
    outgoing.key = printable_key(*shape, change.change);
    outgoing.by_trigger = change.by_trigger;
    append(transaction, std::move(outgoing));
  }
  return ok();
}

Result<std::optional<OutgoingTransaction>> OutgoingTransactions::next() {
  OutgoingTransaction transaction;
  for (;;) {
    TURSO_TRY(auto item, pending_.next());
    if (!item.has_value()) return std::optional<OutgoingTransaction>();
    if (auto* change = std::get_if<PendingChange>(&*item)) {
      TURSO_CHECK(add(transaction, std::move(*change)));
      continue;
    }
    transaction.end = std::get<log::TransactionEnd>(*item);
    return std::optional<OutgoingTransaction>(std::move(transaction));
  }
}

}  // namespace turso::sync

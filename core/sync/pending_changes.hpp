// pending_changes.hpp -- the part of the change log that push sends and the rebase runs, in order.
//
// Left out: COMMIT records, rows of internal and bookkeeping tables, schema rows that change nothing by themselves.
// A D + I pair that turso_cdc_marks calls a key change comes as one. Every transaction ends with a TransactionEnd,
// those of which nothing is left included: their ids count as done.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/result.hpp"
#include "log/tape.hpp"
#include "sqlite/connection.hpp"
#include "sync/statement_generator.hpp"

namespace turso::sync {

struct PendingChange {
  log::Change change;
  std::optional<log::Change> inserted;    // a key change: `change` is the D, this the I
  std::optional<log::Change> followed;    // a D: the I of the same table that stands right behind it and comes next
  std::optional<SchemaStatement> schema;  // a change of sqlite_schema
  bool by_trigger = false;                // a persistent trigger of main wrote the row
};

using PendingItem = std::variant<PendingChange, log::TransactionEnd>;

class PendingChanges {
 public:
  static Result<PendingChanges> open(sqlite::Connection& connection, log::TapeRange range);

  Result<std::optional<PendingItem>> next();

 private:
  PendingChanges(sqlite::Connection& connection, log::Tape tape) : connection_(&connection), tape_(std::move(tape)) {}
  Result<bool> is_marked(std::string_view kind, std::int64_t first, std::int64_t last);
  Result<std::optional<log::TapeItem>> take();

  sqlite::Connection* connection_;
  log::Tape tape_;
  std::optional<log::TapeItem> ahead_;  // read to see whether it completes a pair
  bool marks_looked_for_ = false;       // in this transaction
  sqlite::Statement marked_;            // empty: there is no table of marks
};

// The SQL of a row change or key change; schema changes bring their own.
Result<std::vector<GeneratedStatement>> generate(const TableShape& shape, const PendingChange& change,
                                                 std::optional<std::int64_t> rowid = std::nullopt);

Result<std::optional<GeneratedStatement>> generate_convergence_check(const TableShape& shape,
                                                                     const PendingChange& change);

}  // namespace turso::sync

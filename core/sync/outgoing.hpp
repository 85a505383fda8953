// outgoing.hpp -- pending user transactions as the statements that push sends, each with the change it stands for.
//
// One transaction is in memory as a whole, because it goes through whole or waits whole; nothing else is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/pending_changes.hpp"

namespace turso::sync {

struct OutgoingStatement {
  GeneratedStatement statement;
  std::int64_t change_id = 0;
  std::string table;
  std::string key;                          // printable, or the name of the schema object
  std::optional<std::string> added_column;  // ALTER TABLE table ADD COLUMN: left out where the server has it
  bool by_trigger = false;                  // left out where the server's triggers provably write it again
  bool reshapes = false;  // drops, renames or rewrites `table`: what the server has says nothing after it
};

struct OutgoingTransaction {
  log::TransactionEnd end;
  std::vector<OutgoingStatement> statements;  // empty: nothing of it is sent
  std::int64_t change_count = 0;              // changes sent; one change may be two statements
  std::size_t request_bytes = 0;              // no less than its steps take in a request
};

class OutgoingTransactions {
 public:
  // Transactions whose changes are above `after`.
  static Result<OutgoingTransactions> open(sqlite::Connection& connection, std::int64_t after);

  Result<std::optional<OutgoingTransaction>> next();

 private:
  OutgoingTransactions(sqlite::Connection& connection, PendingChanges pending)
      : connection_(&connection), pending_(std::move(pending)) {}
  Status add(OutgoingTransaction& transaction, PendingChange change);
  Status refresh_shapes();

  sqlite::Connection* connection_;
  PendingChanges pending_;
  std::unique_ptr<Shapes> shapes_;  // of one version of the schema
  std::int64_t schema_version_ = 0;
};

}  // namespace turso::sync

// tape.hpp -- the change log as readers see it: rows of turso_cdc, decoded and grouped into user transactions.
//
// LAYOUT  Columns are found by name: v1 has no change_txn_id and no COMMIT records, v2 has change_txn_id third
//         (as real databases do) or last (as the published page says). More columns are ignored.
// GROUPS  A user transaction ends at its COMMIT record or where change_txn_id changes (a transaction whose
//         capture was switched off in the middle has no COMMIT record). The rows of a v1 log carry no
//         boundaries, so that the whole of it is one transaction.
// MEMORY  Rows are read in pieces (limits::kTapeChunkBytes), no statement stays open between two of them, so
//         that a reader may write on the same connection. A transaction commits whole: reading its rows in
//         several pieces never shows a part of it.
// DAMAGE  A change_type that is none, an image that the type requires but is missing, a record that cannot be
//         decoded: kCorrupt, naming the change id.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "cdc/names.hpp"
#include "sqlite/connection.hpp"

namespace turso::log {

enum class ChangeType : std::int8_t { kDelete = -1, kUpdate = 0, kInsert = 1, kCommit = 2 };

// The stored columns of a row in table order; an INTEGER PRIMARY KEY alias holds the rowid.
using Image = std::vector<Value>;

// What the SET list named. Both as long as the image; values of unflagged columns are NULL.
struct Updates {
  std::vector<bool> flags;
  Image values;
};

struct Change {
  std::int64_t change_id = 0;
  std::int64_t change_time = 0;  // unix seconds
  std::int64_t txn_id = -1;      // -1: unset (a lone COMMIT record, or a v1 log)
  ChangeType type = ChangeType::kCommit;
  std::string table;  // "sqlite_schema" for DDL, "" for COMMIT
  Value id;           // rowid, or the record of the primary key of a WITHOUT ROWID table
  std::optional<Image> before;
  std::optional<Image> after;
  std::optional<Updates> updates;

  bool is_commit() const { return type == ChangeType::kCommit; }
  bool is_schema() const { return table == kSchemaChanges; }
  static constexpr std::string_view kSchemaChanges = "sqlite_schema";
};

// Follows the last change of a user transaction.
struct TransactionEnd {
  std::int64_t first_change_id = 0;
  std::int64_t last_change_id = 0;  // of the COMMIT record where there is one
  std::int64_t change_count = 0;    // without the COMMIT record
};

using TapeItem = std::variant<Change, TransactionEnd>;

struct TapeRange {
  std::int64_t after = 0;                                        // change ids above this ...
  std::int64_t upto = std::numeric_limits<std::int64_t>::max();  // ... up to and with this; must end a transaction
};

class Tape {
 public:
  // An absent log is an empty one. The connection must outlive the tape.
  static Result<Tape> open(sqlite::Connection& connection, TapeRange range,
                           std::string_view log_table = cdc::kLogTable);

  // Changes in order (COMMIT records are not among them), a TransactionEnd after each transaction, then nothing.
  Result<std::optional<TapeItem>> next();

 private:
  Tape(sqlite::Connection& connection, TapeRange range) : connection_(&connection), range_(range) {}
  Status refill();
  std::optional<TapeItem> end_transaction();

  sqlite::Connection* connection_;
  TapeRange range_;
  sqlite::Statement read_;         // empty: there is no log
  std::deque<Change> buffer_;      // read, not yet handed out
  bool has_transactions_ = false;  // v2
  bool exhausted_ = false;
  std::int64_t last_read_ = 0;          // highest change id in or before the buffer
  std::optional<TransactionEnd> open_;  // the transaction whose changes are being handed out
  std::int64_t open_txn_id_ = -1;
};

}  // namespace turso::log

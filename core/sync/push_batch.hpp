// push_batch.hpp -- one push batch as a request body, and what its answer says. The form is that of push_session.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sync/derived_effects.hpp"
#include "sync/meta.hpp"
#include "sync/outgoing.hpp"
#include "wire/pipeline.hpp"

namespace turso::sync {

struct BatchPlan {
  std::string client_id;
  std::optional<ServerRow> expected;   // our row as it must still be
  ServerRow set;                       // our row afterwards
  bool create_ack_table = false;       // first-push form
  std::optional<HeaderFields> header;  // sent as PRAGMA steps
  std::vector<const OutgoingTransaction*> transactions;
  std::function<bool(const OutgoingStatement&)> omit;  // what the server has or does by itself
  bool merge_inserts = true;                           // consecutive inserts that differ in their row only are one step
  std::vector<TriggerText> guards;                     // the batch goes through only where these triggers stand
};

struct StepMeaning {
  enum class Kind : std::uint8_t {
    kBegin,
    kCreateAckTable,
    kCompare,
    kChange,
    kHeader,
    kGuard,
    kSetRow,
    kCommit,
    kRollback
  };
  Kind kind = Kind::kBegin;
  std::size_t transaction = 0;                   // kChange: index into the plan
  const OutgoingStatement* statement = nullptr;  // kChange; the first of merged ones
  bool merged = false;                           // kChange: several statements; which of them failed is not known
};

struct EncodedBatch {
  std::string body;
  std::vector<StepMeaning> steps;
};

// What a batch takes besides its changes and guards, at most.
inline constexpr std::size_t kBatchFrameBytes = 2048;

EncodedBatch encode_batch(const BatchPlan& plan);

// Of a batch that was answered.
struct BatchOutcome {
  bool committed = false;
  std::size_t failed_step = 0;  // unless committed
  wire::SqlError error;
};

// An answer from which nothing can be concluded is kProtocol or kServer: the batch stays in doubt.
Result<BatchOutcome> read_batch_answer(const EncodedBatch& batch, std::string_view json);

// What the server's words for a failed statement mean.
ErrorKind classify_server_error(std::string_view message);
bool is_missing_ack_table(std::string_view message);
bool is_duplicate_column(std::string_view message);

// The typed error for the change behind a step; the constraint in the server's words.
Error change_error(const OutgoingStatement& statement, const wire::SqlError& error);

// ---- requests that only read ----------------------------------------------------------------------------------

std::string encode_row_request(std::string_view client_id);
struct RowAnswer {
  bool table_exists = true;
  std::optional<ServerRow> row;
};
Result<RowAnswer> read_row_answer(std::string_view json);

// The column names that the server has in each of `tables`, in their order; an absent table has none.
std::string encode_columns_request(std::span<const std::string> tables);
Result<std::vector<std::vector<std::string>>> read_columns_answer(std::string_view json, std::size_t table_count);

}  // namespace turso::sync

// operations.hpp -- what each operation of the engine does, as a coroutine. Thin: the parts are elsewhere.
#pragma once

#include <memory>

#include "sync/operation.hpp"
#include "sync/replica.hpp"

namespace turso::sync {

// What an operation of one handle works with.
struct OperationContext {
  std::shared_ptr<Replica> replica;
  std::shared_ptr<IoQueue> queue;
  Outcome* outcome;

  HttpChannel channel() const { return replica->channel(queue); }
};

// P-changes as wait left it. Applying it consumes it, whatever the result.
class FinishedDownload final : public Changes {
 public:
  FinishedDownload(std::weak_ptr<Replica> replica_in, std::int64_t unix_time_in)
      : replica(std::move(replica_in)), unix_time(unix_time_in) {}
  const std::weak_ptr<Replica> replica;
  const std::int64_t unix_time;  // when the wait began
};

Task<Status> run_create(OperationContext context);
Task<Status> run_open(OperationContext context);
Task<Status> run_connect(OperationContext context);
Task<Status> run_stats(OperationContext context);
Task<Status> run_checkpoint(OperationContext context);
Task<Status> run_push(OperationContext context);
Task<Status> run_wait(OperationContext context);
Task<Status> run_apply(OperationContext context, std::shared_ptr<Changes> changes);

// P-info: read only where the host does the reading; written by the host or by us.
Task<Result<std::string>> read_info(OperationContext context);
Task<Status> write_info(OperationContext context);

}  // namespace turso::sync

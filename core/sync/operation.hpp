// operation.hpp -- an Operation that runs a coroutine under the engine's rules of overlap.
//
// The engine's mutex is held for one step: what the coroutine does between two parks. Between steps other threads
// get their turn; kIo goes to the host only when the coroutine needs the host.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "sync/engine.hpp"
#include "sync/occupancy.hpp"
#include "sync/task.hpp"

namespace turso::sync {

// Shared by all operations of one engine.
struct Gate {
  std::mutex mutex;  // held for one step of one operation
  Occupancy occupancy;
};

// What an operation hands out when it is done.
struct Outcome {
  Operation::Result_ kind = Operation::Result_::kNone;
  std::unique_ptr<database::Connection> connection;
  std::shared_ptr<Changes> changes;
  Stats stats;
};

class CoroutineOperation final : public Operation {
 public:
  using Body = std::function<Task<Status>(Outcome& outcome)>;
  using OnError = std::function<void(const Error&)>;

  // `handle` tells operations of one handle from those of another, and is kept alive.
  CoroutineOperation(std::shared_ptr<Gate> gate, OperationKind kind, std::shared_ptr<const void> handle, Body body,
                     OnError on_error);
  ~CoroutineOperation() override;

  Result<OperationState> resume() override;
  void cancel() override { cancelled_ = true; }
  Result_ result_kind() const override;
  std::unique_ptr<database::Connection> take_connection() override { return std::move(outcome_.connection); }
  std::shared_ptr<Changes> take_changes() override { return std::move(outcome_.changes); }
  const Stats* stats() const override;
  const std::optional<Error>& last_error() const override { return last_error_; }

 private:
  Result<OperationState> finish(Status status);
  Result<OperationState> fail(Error error);
  Status task_status();
  void leave();

  std::shared_ptr<Gate> gate_;
  OperationKind kind_;
  std::shared_ptr<const void> handle_;
  Body body_;
  OnError on_error_;
  std::atomic<bool> cancelled_ = false;
  bool entered_ = false;
  std::optional<Status> final_;
  std::optional<Error> last_error_;
  Outcome outcome_;
  Runner runner_;
  Task<Status> task_;  // last: goes first, while what it refers to is there
};

}  // namespace turso::sync

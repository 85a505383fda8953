#include "sync/operation.hpp"

#include <thread>

#include "base/text.hpp"

namespace turso::sync {

CoroutineOperation::CoroutineOperation(std::shared_ptr<Gate> gate, OperationKind kind,
                                       std::shared_ptr<const void> handle, Body body, OnError on_error)
    : gate_(std::move(gate)),
      kind_(kind),
      handle_(std::move(handle)),
      body_(std::move(body)),
      on_error_(std::move(on_error)) {}

CoroutineOperation::~CoroutineOperation() {
  std::lock_guard lock(gate_->mutex);
  task_ = {};
  leave();
}

Result<OperationState> CoroutineOperation::resume() {
  if (final_) {
    if (!final_->has_value()) return final_->error();
    return OperationState::kDone;
  }
  std::unique_lock lock(gate_->mutex);
  for (;;) {
    if (cancelled_) return finish(Error{ErrorKind::kCancelled, concat(operation_name(kind_), ": cancelled")});
    if (!entered_) {
      Result<bool> entered = gate_->occupancy.enter(kind_, handle_.get());
      if (!entered.has_value()) return fail(std::move(entered).error());
      if (!*entered) return OperationState::kIo;
      entered_ = true;
      task_ = body_(outcome_);
      runner_.start(task_);
    }
    RunState state = runner_.run();
    if (state == RunState::kDone) return finish(task_status());
    if (state == RunState::kNeedsInput && !cancelled_) return OperationState::kIo;
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
}

// Nothing of ours throws, but memory may run out inside a coroutine.
Status CoroutineOperation::task_status() {
  try {
    return task_.take();
  } catch (const std::exception& thrown) {
    return Error{ErrorKind::kError, concat(operation_name(kind_), ": ", thrown.what())};
  }
}

Result<OperationState> CoroutineOperation::finish(Status status) {
  task_ = {};
  leave();
  final_ = std::move(status);
  if (!final_->has_value()) return fail(final_->error());
  return OperationState::kDone;
}

Result<OperationState> CoroutineOperation::fail(Error error) {
  last_error_ = error;
  if (on_error_) on_error_(error);
  return error;
}

void CoroutineOperation::leave() {
  if (std::exchange(entered_, false)) gate_->occupancy.leave(kind_);
}

Operation::Result_ CoroutineOperation::result_kind() const {
  return final_ && final_->has_value() ? outcome_.kind : Result_::kNone;
}

const Stats* CoroutineOperation::stats() const { return result_kind() == Result_::kStats ? &outcome_.stats : nullptr; }

}  // namespace turso::sync

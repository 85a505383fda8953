#include "sync/occupancy.hpp"

#include "base/text.hpp"

namespace turso::sync {
namespace {

bool runs_beside_wait(OperationKind kind) {
  return kind == OperationKind::kPush || kind == OperationKind::kStats || kind == OperationKind::kConnect;
}

}  // namespace

std::string_view operation_name(OperationKind kind) {
  switch (kind) {
    case OperationKind::kCreate: return "create";
    case OperationKind::kOpen: return "open";
    case OperationKind::kConnect: return "connect";
    case OperationKind::kStats: return "stats";
    case OperationKind::kCheckpoint: return "checkpoint";
    case OperationKind::kPush: return "push";
    case OperationKind::kWait: return "wait";
    case OperationKind::kApply: return "apply";
  }
  return "operation";
}

Result<bool> Occupancy::enter(OperationKind kind, const void* handle) {
  const Holder* in_the_way = nullptr;
  if (kind == OperationKind::kWait) {
    if (waiting_) in_the_way = &*waiting_;
    if (active_ && !runs_beside_wait(active_->kind)) in_the_way = &*active_;
  } else {
    if (active_) in_the_way = &*active_;
    if (waiting_ && !runs_beside_wait(kind)) in_the_way = &*waiting_;
  }
  if (in_the_way != nullptr && in_the_way->handle == handle) {
    return Error{ErrorKind::kMisuse, concat(operation_name(kind), ": ", operation_name(in_the_way->kind),
                                            " is running on this database; resume again when it has ended")};
  }
  if (in_the_way != nullptr) return false;
  (kind == OperationKind::kWait ? waiting_ : active_) = Holder{kind, handle};
  return true;
}

void Occupancy::leave(OperationKind kind) {
  auto& slot = kind == OperationKind::kWait ? waiting_ : active_;
  TURSO_ASSERT(slot.has_value() && slot->kind == kind);
  slot.reset();
}

}  // namespace turso::sync

// occupancy.hpp -- which operations of one engine may run at the same time.
//
// RULE   One operation at a time; beside a wait, which holds no lock while it waits, also one of push, stats and
//        connect. What else meets a running operation of its own handle is a mistake of the caller (kMisuse, at
//        once, nothing was done); what meets one of another handle on the same path waits for its turn.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace turso::sync {

enum class OperationKind : std::uint8_t { kCreate, kOpen, kConnect, kStats, kCheckpoint, kPush, kWait, kApply };

std::string_view operation_name(OperationKind kind);

class Occupancy {
 public:
  // true: entered; false: ask again later; kMisuse: an operation of the same handle is in the way.
  Result<bool> enter(OperationKind kind, const void* handle);
  void leave(OperationKind kind);

 private:
  struct Holder {
    OperationKind kind;
    const void* handle;
  };
  std::optional<Holder> waiting_;  // a wait
  std::optional<Holder> active_;   // anything else
};

}  // namespace turso::sync

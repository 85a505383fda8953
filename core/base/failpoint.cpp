#include "base/failpoint.hpp"

#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "base/text.hpp"

namespace turso {
namespace detail {
std::atomic<bool> failpoint_set{false};
}

namespace {

struct State {
  std::mutex mutex;
  Failpoint failpoint;
  std::uint64_t count = 0;
  std::uint64_t failures = 0;
  std::string last_operation;
};

State& state() {
  static State instance;
  return instance;
}

bool refuses(const Failpoint& failpoint, std::uint64_t number) {
  switch (failpoint.mode) {
    case Failpoint::Mode::kCount: return false;
    case Failpoint::Mode::kStop: return number >= failpoint.at;
    case Failpoint::Mode::kFailOnce:
    case Failpoint::Mode::kExit: return number == failpoint.at;
  }
  return false;
}

// How much of the operation still happens: only the one at `at` may be done in part.
std::uint64_t part_of(const Failpoint& failpoint, std::uint64_t number, FileOperation operation, std::uint64_t size) {
  if (number != failpoint.at) return 0;
  switch (failpoint.part) {
    case Failpoint::Part::kNone: return 0;
    case Failpoint::Part::kHalf: return operation == FileOperation::kWrite ? size / 2 : 0;
    case Failpoint::Part::kAll: return size;
  }
  return 0;
}

}  // namespace

std::string_view file_operation_name(FileOperation operation) {
  switch (operation) {
    case FileOperation::kWrite: return "write";
    case FileOperation::kTruncate: return "truncate";
    case FileOperation::kSync: return "fsync";
    case FileOperation::kRename: return "rename";
    case FileOperation::kRemove: return "remove";
    case FileOperation::kSyncDirectory: return "fsync directory of";
  }
  return "?";
}

FileFault detail::check_failpoint_slow(FileOperation operation, std::string_view path, std::uint64_t offset,
                                       std::uint64_t size) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  const Failpoint& failpoint = s.failpoint;
  if (path.substr(0, failpoint.path_prefix.size()) != failpoint.path_prefix) return {};
  std::uint64_t number = ++s.count;
  if (!refuses(failpoint, number)) {
    if (failpoint.observer != nullptr) failpoint.observer(operation, path, offset, size);
    return {};
  }
  if (s.failures++ == 0) s.last_operation = concat(file_operation_name(operation), " ", path);
  FileFault fault;
  fault.bytes = part_of(failpoint, number, operation, size);
  fault.done = number == failpoint.at && failpoint.part == Failpoint::Part::kAll;
  fault.exit_after = failpoint.mode == Failpoint::Mode::kExit;
  fault.errno_value = failpoint.disk_full ? ENOSPC : EIO;
  return fault;
}

int conclude(const FileFault& fault) {
  if (fault.exit_after) ::_exit(kFailpointExitStatus);
  return fault.errno_value;
}

void set_failpoint(const Failpoint& failpoint) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.failpoint = failpoint;
  s.count = 0;
  s.failures = 0;
  s.last_operation.clear();
  detail::failpoint_set.store(true);
}

void clear_failpoint() { detail::failpoint_set.store(false); }

std::uint64_t failpoint_count() {
  std::lock_guard lock(state().mutex);
  return state().count;
}

std::uint64_t failpoint_failures() {
  std::lock_guard lock(state().mutex);
  return state().failures;
}

std::string failpoint_last_operation() {
  std::lock_guard lock(state().mutex);
  return state().last_operation;
}

}  // namespace turso

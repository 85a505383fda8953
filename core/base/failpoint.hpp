// failpoint.hpp -- makes the k-th change to a file fail, or the last one ever, so that tests can crash anywhere.
//
// Everything of ours that changes a file asks check_failpoint() first: core/base/file for the files beside
// the database, core/sqlite/shim_vfs for P, -wal and the journal. Reads are not counted. While no failpoint
// is set the question costs one relaxed load. One failpoint per process; tests only.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace turso {

enum class FileOperation : std::uint8_t { kWrite, kTruncate, kSync, kRename, kRemove, kSyncDirectory };

std::string_view file_operation_name(FileOperation operation);

struct Failpoint {
  enum class Mode : std::uint8_t {
    kCount,     // only counts
    kFailOnce,  // operation `at` fails, everything else works
    kStop,      // operation `at` and all later ones fail: the files stay as a killed process leaves them
    kExit,      // the process ends at operation `at`, without any cleanup
  };
  enum class Part : std::uint8_t { kNone, kHalf, kAll };  // how much of write `at` reaches the file all the same

  Mode mode = Mode::kCount;
  std::uint64_t at = 0;     // counts from 1
  Part part = Part::kNone;  // of a write; any other operation is done only with kAll
  bool disk_full = false;   // the error is "no space" instead of an input/output error
  std::string path_prefix;  // only files whose path begins so are counted; empty: all
  // Called for every counted operation before it happens; for power-cut models. May be null.
  void (*observer)(FileOperation operation, std::string_view path, std::uint64_t offset, std::uint64_t size) = nullptr;
};

void set_failpoint(const Failpoint& failpoint);  // restarts the count
void clear_failpoint();
std::uint64_t failpoint_count();         // operations counted since set_failpoint
std::uint64_t failpoint_failures();      // operations refused since set_failpoint
std::string failpoint_last_operation();  // "write /tmp/x-wal", of the first one refused; empty: none yet

inline constexpr int kFailpointExitStatus = 99;

// A refused operation. The caller does as much of it as is asked for, then fails with what conclude() answers.
struct FileFault {
  int errno_value = 0;      // 0: not refused
  std::uint64_t bytes = 0;  // of a write, that reach the file all the same
  bool done = false;        // the operation happens, and is reported as failed
  bool exit_after = false;

  explicit operator bool() const { return errno_value != 0; }
};
int conclude(const FileFault& fault);  // the errno; does not return where the process is to end

namespace detail {
extern std::atomic<bool> failpoint_set;
FileFault check_failpoint_slow(FileOperation operation, std::string_view path, std::uint64_t offset,
                               std::uint64_t size);
}  // namespace detail

inline FileFault check_failpoint(FileOperation operation, std::string_view path, std::uint64_t offset = 0,
                                 std::uint64_t size = 0) {
  if (!detail::failpoint_set.load(std::memory_order_relaxed)) return {};
  return detail::check_failpoint_slow(operation, path, offset, size);
}

}  // namespace turso

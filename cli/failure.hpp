// failure.hpp -- how a command fails: `error: kind: message` on standard error, a hint, exit status 1.
#pragma once

#include <string>

#include "commands.hpp"
#include "turso_sync.hpp"

namespace turso::cli {

inline constexpr std::int64_t kBusyTimeoutMs = 5000;  // a person waits so long for another writer

int print_failure(const ::turso_sync::SyncError& error);

// A failure of the command itself.
[[noreturn]] void fail(turso_cdc_error_kind_t kind, const std::string& message);

template <typename Body>
int guarded(Body body) {
  try {
    return body();
  } catch (const ::turso_sync::SyncError& error) {
    return print_failure(error);
  }
}

}  // namespace turso::cli

// handles.hpp -- what the opaque handles of the C ABI are. The only place with new and delete.
//
// Every handle owns, directly or by shared_ptr, what it needs; children keep their parents' state alive, so that
// handles may be given back in any order.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "database/database.hpp"
#include "guard.hpp"
#include "turso_cdc.h"

struct turso_database {
  turso::database::Database::Options options;
  mutable std::mutex mutex;  // the handle may be used by several threads at once
  std::shared_ptr<turso::database::Database> database;
  std::optional<turso::Error> last_error;
};

struct turso_connection {
  std::unique_ptr<turso::database::Connection> connection;
};

struct turso_statement {
  std::unique_ptr<turso::database::Statement> statement;
};

namespace turso::capi {

// The header says const where the reference's does, also for calls that change the object.
template <typename Handle>
Result<Handle*> unwrap(const Handle* handle) {
  if (handle == nullptr) return null_pointer();
  return const_cast<Handle*>(handle);
}

template <typename Handle>
void release(const Handle* handle) noexcept {
  delete handle;
}

// A text argument that must be there.
inline Result<std::string> text_argument(const char* text) {
  if (text == nullptr) return null_pointer();
  return std::string(text);
}

}  // namespace turso::capi

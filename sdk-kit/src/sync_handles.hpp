// sync_handles.hpp -- what the opaque handles of turso_sync.h are.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "handles.hpp"
#include "sync/engine.hpp"

namespace turso::capi {

// The last failure of any operation of one sync database: its operations may run on several threads.
class LastError {
 public:
  void set(const Error& error) {
    std::lock_guard lock(mutex_);
    error_ = error;
  }
  std::optional<Error> get() const {
    std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace turso::capi

struct turso_sync_database {
  std::shared_ptr<turso::sync::Engine> engine;
  std::shared_ptr<turso::capi::LastError> last_error = std::make_shared<turso::capi::LastError>();
};

struct turso_sync_operation {
  std::shared_ptr<turso::sync::Engine> engine;  // outlives the operation
  std::unique_ptr<turso::sync::Operation> operation;
  std::shared_ptr<turso::capi::LastError> last_error;  // of the database
};

struct turso_sync_changes {
  std::shared_ptr<turso::sync::Changes> changes;
};

struct turso_sync_io_item {
  std::shared_ptr<turso::sync::IoItem> item;
};

struct turso_cdc_options {
  std::map<std::string, std::string> values;
};

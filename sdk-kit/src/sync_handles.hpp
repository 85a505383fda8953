// sync_handles.hpp -- what the opaque handles of turso_sync.h are.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "handles.hpp"
#include "sync/engine.hpp"

struct turso_sync_database {
  std::shared_ptr<turso::sync::Engine> engine;
};

struct turso_sync_operation {
  std::shared_ptr<turso::sync::Engine> engine;  // outlives the operation
  std::unique_ptr<turso::sync::Operation> operation;
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

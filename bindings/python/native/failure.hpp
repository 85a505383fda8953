// failure.hpp -- a failure of the library on its way to Python.
//
// turso_sync.hpp throws SyncError for everything. The translator of module.cpp makes it the exception that
// turso_sync._errors.make chooses: by what SQLite said, or, for a ReplicaFailure, SyncError with what the transport
// raised as its __cause__.
#pragma once

#include <pybind11/pybind11.h>

#include "turso_sync.hpp"

namespace turso::python {

// A failure of push, pull and the like. Copied only with the GIL held.
struct ReplicaFailure : ::turso_sync::SyncError {
  ReplicaFailure(const ::turso_sync::SyncError& error, pybind11::object cause_in)
      : ::turso_sync::SyncError(error), cause(std::move(cause_in)) {}
  pybind11::object cause;  // null: none
};

void set_python_error(const ::turso_sync::SyncError& error, bool during_sync, pybind11::handle cause);

}  // namespace turso::python

// values.hpp -- Python values into parameters, columns into Python values, exactly.
#pragma once

#include <pybind11/pybind11.h>

#include "turso_sync.hpp"

namespace turso::python {

// A sequence binds by position, a mapping by name (without its prefix; "1" for ?1). The number or the names must fit,
// as sqlite3 wants it. Throws ProgrammingError, OverflowError, UnicodeEncodeError.
void bind_parameters(::turso_sync::Statement& statement, pybind11::handle parameters);

// The current row. TEXT becomes str when `text_factory` is str, else text_factory(bytes).
pybind11::tuple row_tuple(const ::turso_sync::Statement& statement, pybind11::handle text_factory);

[[noreturn]] void throw_programming_error(const std::string& message);

}  // namespace turso::python

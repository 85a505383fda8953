// pragmas.hpp -- which pragmas a Database remembers for its other connections and for a replica's staging connection.
#pragma once

#include <string>

namespace turso::database {

// Whether this pragma changes what statements do to rows.
bool is_remembered_pragma(const std::string& name);

}  // namespace turso::database

// facts.hpp -- what the authorizer says about a statement while it is prepared.
//
// Statements are classified by what SQLite is going to do, never by their first word.
#pragma once

#include <string>

namespace turso::database {

struct StatementFacts {
  std::string pragma_name;   // empty: not a pragma; as typed
  std::string pragma_value;  // empty and !pragma_sets: a question
  bool pragma_sets = false;

  // One authorizer call; the arguments are SQLite's, each may be null.
  void observe(int action, const char* first, const char* second);
};

// Whether this pragma changes what statements do to rows, so that a replica's staging connection needs it too.
bool is_remembered_pragma(const std::string& name);

}  // namespace turso::database

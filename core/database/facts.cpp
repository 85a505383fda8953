#include "database/facts.hpp"

#include <array>
#include <string_view>

#include "base/text.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::database {
namespace {

constexpr std::array<std::string_view, 7> kRememberedPragmas = {
    "foreign_keys",       "recursive_triggers",        "case_sensitive_like", "ignore_check_constraints",
    "legacy_alter_table", "reverse_unordered_selects", "trusted_schema"};

}  // namespace

void StatementFacts::observe(int action, const char* first, const char* second) {
  if (action != SQLITE_PRAGMA || first == nullptr) return;
  pragma_name = first;
  pragma_sets = second != nullptr;
  pragma_value = second != nullptr ? second : "";
}

bool is_remembered_pragma(const std::string& name) {
  for (std::string_view known : kRememberedPragmas)
    if (equals_ignore_case(known, name)) return true;
  return false;
}

}  // namespace turso::database

#include "database/pragmas.hpp"

#include <array>
#include <string_view>

#include "base/text.hpp"

namespace turso::database {
namespace {

constexpr std::array<std::string_view, 7> kRememberedPragmas = {
    "foreign_keys",       "recursive_triggers",        "case_sensitive_like", "ignore_check_constraints",
    "legacy_alter_table", "reverse_unordered_selects", "trusted_schema"};

}  // namespace

bool is_remembered_pragma(const std::string& name) {
  for (std::string_view known : kRememberedPragmas)
    if (equals_ignore_case(known, name)) return true;
  return false;
}

}  // namespace turso::database

#include "cdc/names.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace turso::cdc {

bool is_bookkeeping_table(std::string_view name) {
  return std::any_of(kBookkeepingTables.begin(), kBookkeepingTables.end(),
                     [&](std::string_view table) { return equals_ignore_case(table, name); });
}

bool is_user_table(std::string_view name) {
  return !is_bookkeeping_table(name) && !equals_ignore_case(name, kAckTable) &&
         !starts_with_ignore_case(name, "sqlite_") && !starts_with_ignore_case(name, "__turso_internal_");
}

}  // namespace turso::cdc

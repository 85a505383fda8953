#include "cdc/names.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cdc/cdc_sql.hpp"

namespace turso::cdc {

bool is_bookkeeping_table(std::string_view name) {
  return std::any_of(kBookkeepingTables.begin(), kBookkeepingTables.end(),
                     [&](std::string_view table) { return equals_ignore_case(table, name); });
}

bool is_user_table(std::string_view name) {
  return !is_bookkeeping_table(name) && !equals_ignore_case(name, kAckTable) &&
         !starts_with_ignore_case(name, "sqlite_") && !starts_with_ignore_case(name, "__turso_internal_");
}

std::string replace_name(std::string_view sql, std::string_view name) {
  std::string out;
  for (std::size_t at = 0;;) {
    std::size_t found = sql.find("%T", at);
    out += sql.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += sqlite::identifier(name);
    at = found + 2;
  }
}

}  // namespace turso::cdc

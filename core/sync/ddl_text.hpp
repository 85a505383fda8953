// ddl_text.hpp -- the little that sync must know about the text of a schema statement: which table an ALTER names,
// which column it adds, and where IF NOT EXISTS goes.
//
// Reads tokens, not grammar: comments and white space are skipped, names may be bare or quoted in any of SQLite's
// four ways. Text that does not look as expected gives nothing; the caller then runs it as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace turso::sync {

struct AlterText {
  std::string table;
  std::optional<std::string> added_column;  // ADD COLUMN
};

// ALTER TABLE [schema .] table ...
std::optional<AlterText> parse_alter(std::string_view sql);

// CREATE ... with IF NOT EXISTS after the object type, unless it is there. Other text comes back unchanged.
std::string with_if_not_exists(std::string_view sql);

}  // namespace turso::sync

// marks.hpp -- what must be known of log rows beyond the nine columns of the log.
//
// turso_cdc_marks(first_change_id, last_change_id, kind): all rows of the range have the mark.
//   trigger      written by a persistent BEFORE or AFTER trigger of main: the other side's trigger does the same.
//                Rows of INSTEAD OF and TEMP triggers, and rows of doubtful origin, have no mark: they are shipped.
//   foreign_key  written by a CASCADE, SET NULL or SET DEFAULT action, or possibly by one
//   key_change   a D followed by an I that are together one UPDATE of the key. A range holds whole pairs.
// Written by the flush that writes the rows, for the log turso_cdc only. Created when first needed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "cdc/change.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {

class Marks {
 public:
  // All marks of changes above `change_id`. Without the table: none.
  static Result<Marks> read(sqlite::Connection& connection, std::int64_t change_id);

  bool has(std::int64_t change_id, Mark mark) const;

 private:
  struct Range {
    std::int64_t first;
    std::int64_t last;
  };
  std::array<std::vector<Range>, kMarks.size()> ranges_;  // ascending and disjoint, per mark
};

std::string_view mark_name(Mark mark);

}  // namespace turso::cdc

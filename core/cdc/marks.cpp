#include "cdc/marks.hpp"

#include <algorithm>

#include "cdc/cdc_sql.hpp"
#include "cdc/names.hpp"

namespace turso::cdc {

std::string_view mark_name(Mark mark) {
  switch (mark) {
    case kMarkTrigger: return "trigger";
    case kMarkForeignKey: return "foreign_key";
    case kMarkKeyChange: return "key_change";
    case kMarkNone: break;
  }
  return "none";
}

Result<Marks> Marks::read(sqlite::Connection& connection, std::int64_t change_id) {
  Marks marks;
  TURSO_TRY(bool there, sqlite::has_object(connection, "table", kMarksTable));
  if (!there) return marks;
  for (std::size_t i = 0; i < kMarks.size(); ++i) {
    TURSO_TRY(sqlite::Statement read, connection.prepare(sql::kReadMarks));
    TURSO_CHECK(read.bind_all(change_id, mark_name(kMarks[i])));
    for (;;) {
      TURSO_TRY(bool row, read.step());
      if (!row) break;
      marks.ranges_[i].push_back({read.column_int(0), read.column_int(1)});
    }
  }
  return marks;
}

bool Marks::has(std::int64_t change_id, Mark mark) const {
  for (std::size_t i = 0; i < kMarks.size(); ++i) {
    if (kMarks[i] != mark) continue;
    auto after = std::upper_bound(ranges_[i].begin(), ranges_[i].end(), change_id,
                                  [](std::int64_t id, const Range& range) { return id < range.first; });
    return after != ranges_[i].begin() && change_id <= std::prev(after)->last;
  }
  return false;
}

}  // namespace turso::cdc

// change.hpp -- one captured change on its way from the hook to the log.
//
// FORMAT of a row in the arena: length (8 bytes, little-endian), then a SQLite record of that length:
//   change_type, marks, change_time, table_name, id, before, after, updates
// change_type is the log's (1 insert, 0 update, -1 delete, 2 commit); what a change does not have is NULL. Its
// change id is not stored: it follows from the row's place when the row is flushed.
#pragma once

#include <array>
#include <cstdint>

#include "cdc/record.hpp"

namespace turso::cdc {

enum class ChangeType : std::int8_t { kDelete = -1, kUpdate = 0, kInsert = 1, kCommit = 2 };

// Bits: what must be known of a row beyond the columns of the log. turso_cdc_marks keeps them (marks.hpp).
enum Mark : std::uint8_t { kMarkNone = 0, kMarkTrigger = 1, kMarkForeignKey = 2, kMarkKeyChange = 4 };
inline constexpr std::array<Mark, 3> kMarks = {kMarkTrigger, kMarkForeignKey, kMarkKeyChange};

struct Change {
  ChangeType type = ChangeType::kCommit;
  std::uint8_t marks = kMarkNone;
  std::int64_t time = 0;  // unix seconds
  Field table_name;
  Field id;
  Field before;
  Field after;
  Field updates;
};

}  // namespace turso::cdc

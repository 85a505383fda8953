// record.hpp -- the SQLite record format: what before, after, updates and WITHOUT ROWID ids hold.
//
// FORMAT (sqlite.org/fileformat2.html, section 2.1)
//   record := varint header_size | serial type varint per value | bodies
//   type 0 NULL; 1..6 big-endian integers of 1, 2, 3, 4, 6, 8 bytes; 7 IEEE double; 8 and 9 the integers 0 and 1;
//   12+2n blob of n bytes; 13+2n text of n bytes.
// Written minimal: the smallest integer type that holds the value; a REAL is always type 7.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace turso::cdc {

// One value that somebody else owns: the capture hook encodes what SQLite holds, without a copy in between.
struct Field {
  ValueType type = ValueType::kNull;
  std::int64_t integer = 0;
  double real = 0;
  ByteView bytes;  // TEXT and BLOB

  static Field of(const Value& value);
};

void append_record(Bytes& out, std::span<const Field> fields);
Bytes encode_record(std::span<const Value> values);

// Damage is kCorrupt and says where. `updates` of U rows is a record of 2n values: n flags, then n values.
Result<std::vector<Value>> decode_record(ByteView record);

// The same without copies: the fields point into `record`.
Result<std::vector<Field>> decode_fields(ByteView record);
Value to_value(const Field& field);

}  // namespace turso::cdc

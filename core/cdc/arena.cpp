#include "cdc/arena.hpp"

namespace turso::cdc {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kFieldCount = 8;

Field integer_field(std::int64_t value) {
  Field field;
  field.type = ValueType::kInteger;
  field.integer = value;
  return field;
}

}  // namespace

Status Arena::append(const Change& change) {
  const std::array<Field, kFieldCount> fields = {integer_field(static_cast<std::int64_t>(change.type)),
                                                 integer_field(change.marks),
                                                 integer_field(change.time),
                                                 change.table_name,
                                                 change.id,
                                                 change.before,
                                                 change.after,
                                                 change.updates};
  scratch_.assign(kLengthBytes, 0);
  append_record(scratch_, fields);
  store_u64_le(scratch_.data(), scratch_.size() - kLengthBytes);
  TURSO_CHECK(bytes_.append(scratch_));
  ++rows_;
  return ok();
}

void Arena::truncate(Position position) {
  TURSO_ASSERT(position.rows <= rows_);
  bytes_.truncate(position.offset);
  rows_ = position.rows;
}

void Arena::clear() {
  bytes_.clear();
  rows_ = 0;
}

Result<Change> Arena::Cursor::next() {
  TURSO_ASSERT(!at_end());
  TURSO_TRY(ByteView length_bytes, reader_.read(at_.offset, kLengthBytes));
  std::size_t length = load_u64_le(length_bytes.data());
  TURSO_TRY(ByteView record, reader_.read(at_.offset + kLengthBytes, length));
  TURSO_TRY(std::vector<Field> fields, decode_fields(record));
  TURSO_ASSERT(fields.size() == kFieldCount);
  at_ = {at_.offset + kLengthBytes + length, at_.rows + 1};

  Change change;
  change.type = static_cast<ChangeType>(fields[0].integer);
  change.marks = static_cast<std::uint8_t>(fields[1].integer);
  change.time = fields[2].integer;
  change.table_name = fields[3];
  change.id = fields[4];
  change.before = fields[5];
  change.after = fields[6];
  change.updates = fields[7];
  return change;
}

}  // namespace turso::cdc

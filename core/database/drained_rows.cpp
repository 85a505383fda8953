#include "database/drained_rows.hpp"

#include "base/limits.hpp"

namespace turso::database {
namespace {

constexpr std::size_t kLengthBytes = 8;

cdc::Field field_of(sqlite3_stmt* row, int index) {
  cdc::Field field;
  switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER:
      field.type = ValueType::kInteger;
      field.integer = sqlite3_column_int64(row, index);
      break;
    case SQLITE_FLOAT:
      field.type = ValueType::kReal;
      field.real = sqlite3_column_double(row, index);
      break;
    case SQLITE_TEXT:
    case SQLITE_BLOB: {
      bool is_text = sqlite3_column_type(row, index) == SQLITE_TEXT;
      field.type = is_text ? ValueType::kText : ValueType::kBlob;
      const auto* data =
          is_text ? sqlite3_column_text(row, index) : static_cast<const std::uint8_t*>(sqlite3_column_blob(row, index));
      field.bytes = {data, static_cast<std::size_t>(sqlite3_column_bytes(row, index))};
      break;
    }
    default: break;
  }
  return field;
}

}  // namespace

DrainedRows::DrainedRows(std::string directory) : rows_(std::move(directory), limits::kReturningMemoryBytes) {}

Status DrainedRows::add(sqlite3_stmt* row) {
  fields_.clear();
  for (int i = 0; i < sqlite3_column_count(row); ++i) fields_.push_back(field_of(row, i));
  scratch_.assign(kLengthBytes, 0);
  cdc::append_record(scratch_, fields_);
  store_u64_le(scratch_.data(), scratch_.size() - kLengthBytes);
  return rows_.append(scratch_);
}

Result<bool> DrainedRows::next() {
  if (at_ == rows_.size()) return false;
  TURSO_TRY(ByteView length_bytes, reader_.read(at_, kLengthBytes));
  std::size_t length = load_u64_le(length_bytes.data());
  TURSO_TRY(ByteView record, reader_.read(at_ + kLengthBytes, length));
  TURSO_TRY(fields_, cdc::decode_fields(record));
  at_ += kLengthBytes + length;
  return true;
}

int DrainedRows::type(int index) const {
  if (static_cast<std::size_t>(index) >= fields_.size()) return SQLITE_NULL;
  switch (field(index).type) {
    case ValueType::kInteger: return SQLITE_INTEGER;
    case ValueType::kReal: return SQLITE_FLOAT;
    case ValueType::kText: return SQLITE_TEXT;
    case ValueType::kBlob: return SQLITE_BLOB;
    case ValueType::kNull: break;
  }
  return SQLITE_NULL;
}

}  // namespace turso::database

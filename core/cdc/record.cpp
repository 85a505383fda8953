#include "cdc/record.hpp"

#include <bit>

#include "base/text.hpp"
#include "base/varint.hpp"

namespace turso::cdc {
namespace {

constexpr std::uint64_t kTypeReal = 7;
constexpr std::uint64_t kTypeZero = 8;
constexpr std::uint64_t kTypeOne = 9;
constexpr std::uint64_t kTypeBlob = 12;  // + 2n; 10 and 11 are reserved
constexpr std::size_t kIntegerBytes[] = {0, 1, 2, 3, 4, 6, 8};

std::uint64_t integer_type(std::int64_t value) {
  if (value == 0) return kTypeZero;
  if (value == 1) return kTypeOne;
  for (std::uint64_t type = 1; type < 6; ++type) {
    std::int64_t limit = std::int64_t{1} << (8 * kIntegerBytes[type] - 1);
    if (value >= -limit && value < limit) return type;
  }
  return 6;
}

std::uint64_t serial_type(const Field& field) {
  switch (field.type) {
    case ValueType::kNull: return 0;
    case ValueType::kInteger: return integer_type(field.integer);
    case ValueType::kReal: return kTypeReal;
    case ValueType::kText: return kTypeBlob + 1 + 2 * field.bytes.size();
    case ValueType::kBlob: return kTypeBlob + 2 * field.bytes.size();
  }
  return 0;
}

std::uint64_t body_size(std::uint64_t type) {
  if (type >= kTypeBlob) return (type - kTypeBlob) / 2;
  if (type == kTypeReal) return 8;
  return type < kTypeReal ? kIntegerBytes[type] : 0;
}

void append_big_endian(Bytes& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// The header counts its own size varint, which may push itself over a varint border.
std::size_t header_size(std::size_t types_size) {
  std::size_t size = types_size + 1;
  while (types_size + sqlite_varint_size(size) != size) size = types_size + sqlite_varint_size(size);
  return size;
}

std::int64_t load_integer(ByteView body) {
  std::uint64_t value = body.empty() || body[0] < 0x80 ? 0 : ~std::uint64_t{0};
  for (std::uint8_t byte : body) value = (value << 8) | byte;
  return static_cast<std::int64_t>(value);
}

Field load_field(std::uint64_t type, ByteView body) {
  Field field;
  if (type >= kTypeBlob) {
    field.type = (type & 1) != 0 ? ValueType::kText : ValueType::kBlob;
    field.bytes = body;
  } else if (type == kTypeReal) {
    field.type = ValueType::kReal;
    field.real = std::bit_cast<double>(load_u64_be(body.data()));
  } else if (type != 0) {
    field.type = ValueType::kInteger;
    field.integer = type >= kTypeZero ? static_cast<std::int64_t>(type - kTypeZero) : load_integer(body);
  }
  return field;
}

Error damaged(std::string message) { return {ErrorKind::kCorrupt, std::move(message)}; }

}  // namespace

Field Field::of(const Value& value) {
  Field field;
  field.type = value.type();
  switch (value.type()) {
    case ValueType::kNull: break;
    case ValueType::kInteger: field.integer = value.integer(); break;
    case ValueType::kReal: field.real = value.real(); break;
    case ValueType::kText: field.bytes = as_bytes(value.text()); break;
    case ValueType::kBlob: field.bytes = value.blob(); break;
  }
  return field;
}

void append_record(Bytes& out, std::span<const Field> fields) {
  std::size_t types_size = 0;
  for (const Field& field : fields) types_size += sqlite_varint_size(serial_type(field));
  append_sqlite_varint(out, header_size(types_size));
  for (const Field& field : fields) append_sqlite_varint(out, serial_type(field));
  for (const Field& field : fields) {
    std::uint64_t type = serial_type(field);
    if (type >= kTypeBlob)
      append(out, field.bytes);
    else if (type == kTypeReal)
      append_big_endian(out, std::bit_cast<std::uint64_t>(field.real), 8);
    else
      append_big_endian(out, static_cast<std::uint64_t>(field.integer), body_size(type));
  }
}

Bytes encode_record(std::span<const Value> values) {
  std::vector<Field> fields;
  fields.reserve(values.size());
  for (const Value& value : values) fields.push_back(Field::of(value));
  Bytes out;
  append_record(out, fields);
  return out;
}

Result<std::vector<Field>> decode_fields(ByteView record) {
  Decoded header = decode_sqlite_varint(record);
  if (header.size_bytes == 0) return damaged(concat("record: ", record.size(), " bytes hold no complete header size"));
  if (header.value < header.size_bytes || header.value > record.size())
    return damaged(concat("record: header size is ", header.value, ", the record has ", record.size(), " bytes"));

  std::vector<Field> fields;
  std::size_t type_at = header.size_bytes;
  std::size_t body_at = header.value;
  while (type_at < header.value) {
    Decoded type = decode_sqlite_varint(record.subspan(type_at, header.value - type_at));
    if (type.size_bytes == 0) return damaged(concat("record: the serial type of value ", fields.size(), " is cut off"));
    if (type.value == 10 || type.value == 11)
      return damaged(concat("record: value ", fields.size(), " has the reserved serial type ", type.value));
    std::uint64_t size = body_size(type.value);
    if (size > record.size() - body_at)
      return damaged(
          concat("record: value ", fields.size(), " needs ", size, " bytes, ", record.size() - body_at, " are left"));
    fields.push_back(load_field(type.value, record.subspan(body_at, size)));
    type_at += type.size_bytes;
    body_at += size;
  }
  if (body_at != record.size())
    return damaged(concat("record: its values end at byte ", body_at, ", it has ", record.size(), " bytes"));
  return fields;
}

Value to_value(const Field& field) {
  switch (field.type) {
    case ValueType::kNull: break;
    case ValueType::kInteger: return field.integer;
    case ValueType::kReal: return field.real;
    case ValueType::kText: return as_text(field.bytes);
    case ValueType::kBlob: return Bytes(field.bytes.begin(), field.bytes.end());
  }
  return {};
}

Result<std::vector<Value>> decode_record(ByteView record) {
  TURSO_TRY(std::vector<Field> fields, decode_fields(record));
  std::vector<Value> values;
  values.reserve(fields.size());
  for (const Field& field : fields) values.push_back(to_value(field));
  return values;
}

}  // namespace turso::cdc

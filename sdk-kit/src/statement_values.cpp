// statement_values.cpp -- turso_statement_*: columns, parameters, and the values of the current row.
#include <limits>
#include <optional>

#include "handles.hpp"
#include "turso.h"

using namespace turso;
using namespace turso::capi;

namespace {

// -1 when it is no index of a column.
int column_of(const turso_statement_t* statement, std::size_t index) {
  if (statement == nullptr) return -1;
  int count = statement->statement->column_count();
  return count > 0 && index < static_cast<std::size_t>(count) ? static_cast<int>(index) : -1;
}

// An index that a statement takes; it answers for those out of range itself.
int index_of(std::size_t index) {
  return index < static_cast<std::size_t>(std::numeric_limits<int>::max()) ? static_cast<int>(index) : -1;
}

// A null data() says that the value is neither TEXT nor BLOB, or not there.
ByteView bytes_of(const turso_statement_t* statement, std::size_t index) {
  return statement != nullptr ? statement->statement->value_bytes(index_of(index)) : ByteView();
}

turso_type_t type_of(ValueType type) {
  switch (type) {
    case ValueType::kNull: return TURSO_TYPE_NULL;
    case ValueType::kInteger: return TURSO_TYPE_INTEGER;
    case ValueType::kReal: return TURSO_TYPE_REAL;
    case ValueType::kText: return TURSO_TYPE_TEXT;
    case ValueType::kBlob: return TURSO_TYPE_BLOB;
  }
  return TURSO_TYPE_UNKNOWN;
}

const char* copy_of(const std::optional<std::string>& text) { return text.has_value() ? copy_text(*text) : nullptr; }

}  // namespace

int64_t turso_statement_n_change(const turso_statement_t* statement) noexcept {
  return guard_value(std::int64_t{-1}, [&]() -> std::int64_t {
    return statement != nullptr ? statement->statement->change_count() : -1;
  });
}

int64_t turso_statement_column_count(const turso_statement_t* statement) noexcept {
  return guard_value(std::int64_t{-1}, [&]() -> std::int64_t {
    return statement != nullptr ? statement->statement->column_count() : -1;
  });
}

const char* turso_statement_column_name(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value<const char*>(nullptr, [&]() -> const char* {
    int column = column_of(statement, index);
    return column >= 0 ? copy_text(statement->statement->column_name(column)) : nullptr;
  });
}

const char* turso_statement_column_decltype(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value<const char*>(nullptr, [&]() -> const char* {
    int column = column_of(statement, index);
    return column >= 0 ? copy_of(statement->statement->column_decltype(column)) : nullptr;
  });
}

// SQLite has no user-defined types: there is nothing to tell of any column.
const char* turso_statement_column_declared_name(const turso_statement_t* /*statement*/, size_t /*index*/) noexcept {
  return nullptr;
}
uint32_t turso_statement_column_array_dimensions(const turso_statement_t* /*statement*/, size_t /*index*/) noexcept {
  return 0;
}
const char* turso_statement_column_base_type(const turso_statement_t* /*statement*/, size_t /*index*/) noexcept {
  return nullptr;
}
turso_column_kind_t turso_statement_column_kind(const turso_statement_t* /*statement*/, size_t /*index*/) noexcept {
  return TURSO_COLUMN_KIND_NONE;
}

turso_type_t turso_statement_row_value_kind(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value(TURSO_TYPE_UNKNOWN, [&] {
    if (statement == nullptr) return TURSO_TYPE_UNKNOWN;
    ValueType type = statement->statement->value_type(index_of(index));
    if (type != ValueType::kNull) return type_of(type);
    bool is_there = statement->statement->has_row() && column_of(statement, index) >= 0;
    return is_there ? TURSO_TYPE_NULL : TURSO_TYPE_UNKNOWN;
  });
}

int64_t turso_statement_row_value_bytes_count(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value(std::int64_t{-1}, [&]() -> std::int64_t {
    ByteView bytes = bytes_of(statement, index);
    return bytes.data() != nullptr ? static_cast<std::int64_t>(bytes.size()) : -1;
  });
}

const char* turso_statement_row_value_bytes_ptr(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value<const char*>(nullptr, [&] { return as_text(bytes_of(statement, index)).data(); });
}

int64_t turso_statement_row_value_int(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value(std::int64_t{0}, [&]() -> std::int64_t {
    return statement != nullptr ? statement->statement->value_int(index_of(index)) : 0;
  });
}

double turso_statement_row_value_double(const turso_statement_t* statement, size_t index) noexcept {
  return guard_value(0.0,
                     [&] { return statement != nullptr ? statement->statement->value_real(index_of(index)) : 0.0; });
}

int64_t turso_statement_named_position(const turso_statement_t* statement, const char* name) noexcept {
  return guard_value(std::int64_t{-1}, [&]() -> std::int64_t {
    if (statement == nullptr || name == nullptr) return -1;
    int position = statement->statement->parameter_position(name);
    return position > 0 ? position : -1;
  });
}

int64_t turso_statement_parameters_count(const turso_statement_t* statement) noexcept {
  return guard_value(std::int64_t{-1}, [&]() -> std::int64_t {
    return statement != nullptr ? statement->statement->parameter_count() : -1;
  });
}

const char* turso_statement_parameter_name(const turso_statement_t* statement, int64_t index) noexcept {
  return guard_value<const char*>(nullptr, [&]() -> const char* {
    if (statement == nullptr || index < 1 || index > std::numeric_limits<int>::max()) return nullptr;
    return copy_of(statement->statement->parameter_name(static_cast<int>(index)));
  });
}

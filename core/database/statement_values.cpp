// statement_values.cpp -- what a statement tells about itself and its current row. Nothing here changes it.
//
// A question that comes while another thread is inside the connection is answered as if there were no row.
#include "database/statement.hpp"

namespace turso::database {
namespace {

constexpr std::uint8_t kEmpty[1] = {0};  // what an empty TEXT or BLOB points to: never null

}  // namespace

int PlainStatement::column_count() const {
  Gate::Entry entry(session_->gate());
  return entry && handle_ != nullptr ? sqlite3_column_count(handle_) : 0;
}

std::string PlainStatement::column_name(int index) const {
  Gate::Entry entry(session_->gate());
  const char* name = entry && handle_ != nullptr ? sqlite3_column_name(handle_, index) : nullptr;
  return name != nullptr ? name : "";
}

std::optional<std::string> PlainStatement::column_decltype(int index) const {
  Gate::Entry entry(session_->gate());
  const char* type = entry && handle_ != nullptr ? sqlite3_column_decltype(handle_, index) : nullptr;
  if (type == nullptr) return std::nullopt;
  return type;
}

bool PlainStatement::has_row() const {
  Gate::Entry entry(session_->gate());
  return entry && has_row_;
}

int PlainStatement::row_type(int index) const {
  if (!has_row_ || index < 0) return SQLITE_NULL;
  if (drained_ != nullptr) return drained_->type(index);
  if (index >= sqlite3_data_count(handle_)) return SQLITE_NULL;
  return sqlite3_column_type(handle_, index);
}

ValueType PlainStatement::value_type(int index) const {
  Gate::Entry entry(session_->gate());
  switch (entry ? row_type(index) : SQLITE_NULL) {
    case SQLITE_INTEGER: return ValueType::kInteger;
    case SQLITE_FLOAT: return ValueType::kReal;
    case SQLITE_TEXT: return ValueType::kText;
    case SQLITE_BLOB: return ValueType::kBlob;
    default: return ValueType::kNull;
  }
}

std::int64_t PlainStatement::value_int(int index) const {
  Gate::Entry entry(session_->gate());
  if (!entry || row_type(index) != SQLITE_INTEGER) return 0;
  return drained_ != nullptr ? drained_->field(index).integer : sqlite3_column_int64(handle_, index);
}

double PlainStatement::value_real(int index) const {
  Gate::Entry entry(session_->gate());
  if (!entry || row_type(index) != SQLITE_FLOAT) return 0.0;
  return drained_ != nullptr ? drained_->field(index).real : sqlite3_column_double(handle_, index);
}

ByteView PlainStatement::value_bytes(int index) const {
  Gate::Entry entry(session_->gate());
  int type = entry ? row_type(index) : SQLITE_NULL;
  if (type != SQLITE_TEXT && type != SQLITE_BLOB) return {};
  if (drained_ != nullptr) {
    ByteView bytes = drained_->field(index).bytes;
    return bytes.empty() ? ByteView(kEmpty, 0) : bytes;
  }
  const void* data = type == SQLITE_TEXT ? static_cast<const void*>(sqlite3_column_text(handle_, index))
                                         : sqlite3_column_blob(handle_, index);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, index));
  if (data == nullptr || size == 0) return {kEmpty, 0};
  return {static_cast<const std::uint8_t*>(data), size};
}

int PlainStatement::parameter_count() const {
  Gate::Entry entry(session_->gate());
  return entry && handle_ != nullptr ? sqlite3_bind_parameter_count(handle_) : 0;
}

int PlainStatement::parameter_position(std::string_view name) const {
  Gate::Entry entry(session_->gate());
  return entry && handle_ != nullptr ? sqlite3_bind_parameter_index(handle_, std::string(name).c_str()) : 0;
}

std::optional<std::string> PlainStatement::parameter_name(int position) const {
  Gate::Entry entry(session_->gate());
  const char* name = entry && handle_ != nullptr ? sqlite3_bind_parameter_name(handle_, position) : nullptr;
  if (name == nullptr) return std::nullopt;
  return name;
}

}  // namespace turso::database

#include "cdc/functions.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cdc/cdc_sql.hpp"
#include "cdc/record.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {
namespace {

constexpr unsigned kJsonSubtype = 'J';  // what SQLite's JSON functions put on their results and look for

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void result_error(sqlite3_context* context, const std::string& message) {
  sqlite3_result_error(context, message.data(), static_cast<int>(message.size()));
}

void result_json(sqlite3_context* context, const std::string& json) {
  sqlite3_result_text64(context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  sqlite3_result_subtype(context, kJsonSubtype);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
          break;
        }
        out += "\\u00";
        out += kDigits[(c >> 4) & 15];
        out += kDigits[c & 15];
    }
  }
  out += '"';
}

// The shortest digits that read back the same; plain between 1e-4 and 1e16, else d.dde+n.
std::string json_real(double value) {
  if (std::isnan(value)) return "null";
  if (std::isinf(value)) return value > 0 ? "9.0e+999" : "-9.0e+999";
  char buffer[400];
  double size = std::abs(value);
  bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value,
                                      plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end);
  std::size_t exponent = text.find('e');
  if (text.find('.') == std::string::npos) text.insert(exponent == std::string::npos ? text.size() : exponent, ".0");
  exponent = text.find('e');
  if (exponent != std::string::npos && text[exponent + 2] == '0') text.erase(exponent + 2, 1);  // two digits at least
  return text;
}

// --- table_columns_json_array

Result<std::optional<std::string>> columns_json(sqlite3* db, std::string_view table) {
  sqlite::Connection connection(db);
  struct Borrow {
    sqlite::Connection& connection;
    ~Borrow() { static_cast<void>(connection.release()); }
  } borrow{connection};
  TURSO_CHECK(connection.run(sql::kTouchMainSchema));
  if (turso_sqlite_table_kind(db, "main", std::string(table).c_str()) == TURSO_SQLITE_VIEW)
    return std::optional<std::string>();
  TURSO_TRY(sqlite::Statement read, connection.prepare(sql::kReadColumns));
  TURSO_CHECK(read.bind_all(table, "main"));
  std::string json = "[";
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) break;
    if (json.size() > 1) json += ',';
    append_json_string(json, read.column_text(0));
  }
  if (json.size() == 1) return std::optional<std::string>();
  return std::optional<std::string>(json + "]");
}

void table_columns_json_array(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) != SQLITE_TEXT)
    return result_error(context, "table_columns_json_array: function argument must be of type TEXT");
  std::string_view table = text_of(arguments[0]);
  Result<std::optional<std::string>> json = columns_json(sqlite3_context_db_handle(context), table);
  if (!json.has_value()) return result_error(context, "table_columns_json_array: " + json.error().message);
  if (!json->has_value())
    return result_error(context, concat("table_columns_json_array: table ", table, " doesn't exists"));
  result_json(context, **json);
}

// --- bin_record_json_object

// Reads the strings of a JSON array as they are spelled, quotes and escapes included.
class NameScanner {
 public:
  explicit NameScanner(std::string_view json) : json_(json) { skip_space(); }

  bool is_array() const { return at_ < json_.size() && json_[at_] == '['; }

  std::optional<std::vector<std::string_view>> names() {
    std::vector<std::string_view> out;
    ++at_;
    skip_space();
    if (take(']')) return at_end() ? std::optional(out) : std::nullopt;
    for (;;) {
      std::size_t begin = at_;
      if (!skip_string()) return std::nullopt;
      out.push_back(json_.substr(begin, at_ - begin));
      skip_space();
      if (take(']')) return at_end() ? std::optional(out) : std::nullopt;
      if (!take(',')) return std::nullopt;
    }
  }

 private:
  void skip_space() {
    while (at_ < json_.size() && std::string_view(" \t\r\n").find(json_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    if (at_ >= json_.size() || json_[at_] != c) return false;
    ++at_;
    skip_space();
    return true;
  }
  bool at_end() const { return at_ == json_.size(); }
  bool skip_string() {
    if (at_ >= json_.size() || json_[at_] != '"') return false;
    for (++at_; at_ < json_.size(); ++at_) {
      if (static_cast<unsigned char>(json_[at_]) < 0x20) return false;
      if (json_[at_] == '\\')
        ++at_;
      else if (json_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    return false;
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

bool is_valid_json(sqlite3* db, std::string_view json) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db, sql::kIsJson.data(), static_cast<int>(sql::kIsJson.size()), &raw, nullptr) != SQLITE_OK)
    return false;
  sqlite::Statement statement(raw);
  if (!statement.bind_text(1, json).has_value()) return false;
  Result<bool> row = statement.step();
  return row.has_value() && *row && statement.column_int(0) == 1;
}

Result<std::string> record_json(const std::vector<std::string_view>& names, ByteView record) {
  constexpr std::string_view kPrefix = "bin_record_json_object: ";
  if (record.empty()) return Error{ErrorKind::kCorrupt, "Invalid varint"};
  Result<std::vector<Field>> fields = decode_fields(record);
  if (!fields.has_value()) {
    bool reserved = fields.error().message.find("reserved serial type") != std::string::npos;
    return Error{ErrorKind::kCorrupt,
                 concat(reserved ? "Invalid serial type: " : "Payload too small: ", fields.error().message)};
  }
  std::string json = "{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i >= fields->size())
      return Error{ErrorKind::kError,
                   concat(kPrefix, "binary record has fewer columns than specified in the columns argument")};
    if (i > 0) json += ',';
    json += names[i];
    json += ':';
    const Field& field = (*fields)[i];
    switch (field.type) {
      case ValueType::kNull: json += "null"; break;
      case ValueType::kInteger: json += std::to_string(field.integer); break;
      case ValueType::kReal: json += json_real(field.real); break;
      case ValueType::kText: append_json_string(json, as_text(field.bytes)); break;
      case ValueType::kBlob:
        return Error{ErrorKind::kError,
                     concat(kPrefix, "formatting of BLOB values stored in binary record is not supported")};
    }
  }
  return json + "}";
}

void bin_record_json_object(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  int record_type = sqlite3_value_type(arguments[1]);
  if (sqlite3_value_type(arguments[0]) != SQLITE_TEXT || (record_type != SQLITE_BLOB && record_type != SQLITE_NULL))
    return result_error(context,
                        "bin_record_json_object: function arguments must be of type TEXT and BLOB correspondingly");
  if (record_type == SQLITE_NULL) return sqlite3_result_null(context);
  std::string_view columns = text_of(arguments[0]);
  NameScanner scanner(columns);
  if (!scanner.is_array()) {
    if (!is_valid_json(sqlite3_context_db_handle(context), columns)) return result_error(context, "malformed JSON");
    return result_json(context, "{}");
  }
  std::optional<std::vector<std::string_view>> names = scanner.names();
  if (!names.has_value()) return result_error(context, "malformed JSON");
  if (names->empty()) return result_json(context, "{}");
  const auto* blob = static_cast<const std::uint8_t*>(sqlite3_value_blob(arguments[1]));
  ByteView record(blob, static_cast<std::size_t>(sqlite3_value_bytes(arguments[1])));
  Result<std::string> json = record_json(*names, record);
  if (!json.has_value()) return result_error(context, json.error().message);
  result_json(context, *json);
}

// C frames of SQLite are above: what an allocation throws must end here.
template <void (*kFunction)(sqlite3_context*, int, sqlite3_value**)>
void guarded(sqlite3_context* context, int count, sqlite3_value** arguments) {
  try {
    kFunction(context, count, arguments);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

Status register_functions(sqlite3* db) {
  int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_RESULT_SUBTYPE;
  int code = sqlite3_create_function_v2(db, "table_columns_json_array", 1, flags, nullptr,
                                        guarded<table_columns_json_array>, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(db, "bin_record_json_object", 2, flags | SQLITE_DETERMINISTIC, nullptr,
                                      guarded<bin_record_json_object>, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite::error_of(db, code);
  TURSO_CHECK(register_series_table(db));
  return register_uuid_functions(db);
}

}  // namespace turso::cdc

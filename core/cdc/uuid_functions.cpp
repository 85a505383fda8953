// uuid_functions.cpp -- UUIDs in SQL.
//
//   uuid4(), uuid7()                     16 bytes; version 7 begins with the time in milliseconds, so it sorts by age
//   uuid4_str(), gen_random_uuid(), uuid7_str()   the same as text
//   uuid_str(blob or text), uuid_blob(blob or text)   from one form to the other; NULL when it is neither
//   uuid7_timestamp_ms(blob or text)     the time in a version 7
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "cdc/functions.hpp"
#include "sqlite/connection.hpp"

namespace turso::cdc {
namespace {

using Uuid = std::array<std::uint8_t, 16>;

Uuid random_uuid(std::uint8_t version) {
  Uuid uuid;
  sqlite3_randomness(static_cast<int>(uuid.size()), uuid.data());
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | (version << 4));
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

// SQLite's clock, which a VFS may replace: julian day number in milliseconds.
std::int64_t unix_time_ms(sqlite3* db) {
  sqlite3_vfs* vfs = nullptr;
  sqlite3_file_control(db, nullptr, SQLITE_FCNTL_VFS_POINTER, &vfs);
  if (vfs == nullptr) vfs = sqlite3_vfs_find(nullptr);
  constexpr std::int64_t kUnixEpochMs = 210866760000000;
  sqlite3_int64 now = kUnixEpochMs;
  if (vfs->iVersion >= 2 && vfs->xCurrentTimeInt64 != nullptr) vfs->xCurrentTimeInt64(vfs, &now);
  return now - kUnixEpochMs;
}

Uuid uuid7(std::int64_t time_ms) {
  Uuid uuid = random_uuid(7);
  for (int i = 0; i < 6; ++i) uuid[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(time_ms >> (40 - 8 * i));
  return uuid;
}

std::string text_of(const Uuid& uuid) {
  std::string hex = to_hex(uuid);
  for (std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, "-");
  return hex;
}

std::optional<Uuid> parse(std::string_view text) {
  Uuid uuid = {};
  std::size_t digits = 0;
  for (char c : text) {
    if (c == '-' || c == '{' || c == '}') continue;
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (value < 0 || digits == 32) return std::nullopt;
    uuid[digits / 2] = static_cast<std::uint8_t>((uuid[digits / 2] << 4) | value);
    ++digits;
  }
  return digits == 32 ? std::optional(uuid) : std::nullopt;
}

std::optional<Uuid> uuid_of(sqlite3_value* value) {
  auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  if (sqlite3_value_type(value) == SQLITE_TEXT)
    return parse({reinterpret_cast<const char*>(sqlite3_value_text(value)), size});
  if (sqlite3_value_type(value) != SQLITE_BLOB || size != 16) return std::nullopt;
  Uuid uuid;
  std::copy_n(static_cast<const std::uint8_t*>(sqlite3_value_blob(value)), 16, uuid.begin());
  return uuid;
}

void result(sqlite3_context* context, const Uuid& uuid, bool as_text) {
  if (!as_text) return sqlite3_result_blob(context, uuid.data(), 16, SQLITE_TRANSIENT);
  std::string text = text_of(uuid);
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

template <bool kAsText>
void make4(sqlite3_context* context, int /*count*/, sqlite3_value** /*arguments*/) {
  result(context, random_uuid(4), kAsText);
}

template <bool kAsText>
void make7(sqlite3_context* context, int count, sqlite3_value** arguments) {
  bool given = count > 0 && sqlite3_value_type(arguments[0]) == SQLITE_INTEGER;
  std::int64_t time_ms = given ? sqlite3_value_int64(arguments[0]) : unix_time_ms(sqlite3_context_db_handle(context));
  result(context, uuid7(time_ms), kAsText);
}

template <bool kAsText>
void convert(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  std::optional<Uuid> uuid = uuid_of(arguments[0]);
  if (!uuid.has_value()) return sqlite3_result_null(context);
  result(context, *uuid, kAsText);
}

void timestamp(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  std::optional<Uuid> uuid = uuid_of(arguments[0]);
  if (!uuid.has_value() || (*uuid)[6] >> 4 != 7) return sqlite3_result_null(context);
  std::int64_t time_ms = 0;
  for (std::size_t i = 0; i < 6; ++i) time_ms = (time_ms << 8) | (*uuid)[i];
  sqlite3_result_int64(context, time_ms);
}

struct Function {
  const char* name;
  int arguments;
  void (*run)(sqlite3_context*, int, sqlite3_value**);
  int flags;
};

constexpr Function kFunctions[] = {
    {"uuid4", 0, make4<false>, 0},
    {"uuid4_str", 0, make4<true>, 0},
    {"gen_random_uuid", 0, make4<true>, 0},
    {"uuid7", 0, make7<false>, 0},
    {"uuid7", 1, make7<false>, 0},
    {"uuid7_str", 0, make7<true>, 0},
    {"uuid7_str", 1, make7<true>, 0},
    {"uuid_str", 1, convert<true>, SQLITE_DETERMINISTIC},
    {"uuid_blob", 1, convert<false>, SQLITE_DETERMINISTIC},
    {"uuid7_timestamp_ms", 1, timestamp, SQLITE_DETERMINISTIC},
};

}  // namespace

Status register_uuid_functions(sqlite3* db) {
  for (const Function& function : kFunctions) {
    int code = sqlite3_create_function_v2(db, function.name, function.arguments,
                                          SQLITE_UTF8 | SQLITE_INNOCUOUS | function.flags, nullptr, function.run,
                                          nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite::error_of(db, code);
  }
  return ok();
}

}  // namespace turso::cdc

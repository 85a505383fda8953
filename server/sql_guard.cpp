#include "server/sql_guard.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "cdc/names.hpp"

namespace turso::server {
namespace {

std::string_view text_of(const char* text) { return text != nullptr ? std::string_view(text) : std::string_view(); }

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return equals_ignore_case(one, name); });
}

// Allowed with an argument: those that only ask about what it names, and the settings that belong to a
// database's content or to the transaction.
constexpr std::array<std::string_view, 13> kPragmasWithArgument = {
    "user_version",       "application_id", "table_info",     "table_xinfo",      "table_list",
    "index_list",         "index_info",     "index_xinfo",    "foreign_key_list", "foreign_key_check",
    "defer_foreign_keys", "quick_check",    "integrity_check"};

// Allowed only to be read.
constexpr std::array<std::string_view, 12> kPragmasToRead = {
    "schema_version", "page_count",    "page_size",      "encoding",      "freelist_count",  "journal_mode",
    "foreign_keys",   "function_list", "collation_list", "database_list", "compile_options", "data_version"};

}  // namespace

SqlGuard::SqlGuard(sqlite3* connection, std::shared_ptr<Environment> environment)
    : connection_(connection), environment_(std::move(environment)) {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits::kServerLikePatternBytesMax);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, limits::kServerValueBytesMax);
  sqlite3_set_authorizer(connection, authorize, this);
  sqlite3_progress_handler(connection, limits::kServerSqlStepsPerCheck, progress, this);
}

SqlGuard::~SqlGuard() {
  sqlite3_set_authorizer(connection_, nullptr, nullptr);
  sqlite3_progress_handler(connection_, 0, nullptr, nullptr);
}

void SqlGuard::begin_prepare() {
  preparing_ = true;
  alters_table_ = false;
  refusal_.clear();
}

int SqlGuard::refuse(std::string why) {
  refusal_ = std::move(why);
  return SQLITE_DENY;
}

int SqlGuard::progress(void* self) {
  auto* guard = static_cast<SqlGuard*>(self);
  if (guard->deadline_ms_ == 0 || guard->environment_->unix_time_ms() <= guard->deadline_ms_) return 0;
  guard->timed_out_ = true;
  return 1;
}

int SqlGuard::authorize(void* self, int action, const char* first, const char* second, const char*, const char*) {
  return static_cast<SqlGuard*>(self)->decide(action, first, second);
}

int SqlGuard::decide(int action, const char* first, const char* second) {
  std::string_view name = text_of(first);
  std::string_view table;  // where `second` names an object too
  switch (action) {
    case SQLITE_ATTACH:
      // VACUUM attaches an unnamed temporary file while it runs; VACUUM INTO names one.
      if (!preparing_ && name.empty()) return SQLITE_OK;
      return refuse(preparing_ ? "ATTACH is not allowed on the server" : "VACUUM INTO is not allowed on the server");
    case SQLITE_DETACH: return refuse("DETACH is not allowed on the server");
    case SQLITE_PRAGMA:
      if (contains(kPragmasWithArgument, name)) return SQLITE_OK;
      if (second == nullptr && contains(kPragmasToRead, name)) return SQLITE_OK;
      return refuse(
          concat("PRAGMA ", name, second != nullptr ? " with an argument" : "", " is not allowed on the server"));
    case SQLITE_FUNCTION:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_ALTER_TABLE:
      alters_table_ = true;
      table = text_of(second);
      name = {};  // the database
      break;
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE: table = text_of(second); break;
    default: break;  // `second` is a column, or nothing
  }
  for (std::string_view object : {name, table}) {
    if (cdc::is_bookkeeping_table(object))
      return refuse(concat(object, " is a replica's own bookkeeping and is not allowed on the server"));
    if (equals_ignore_case(object, "sqlite_dbpage")) return refuse("sqlite_dbpage is not allowed on the server");
  }
  return SQLITE_OK;
}

}  // namespace turso::server

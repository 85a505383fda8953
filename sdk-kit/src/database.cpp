// database.cpp -- turso_database_*: configuration, open, connect.
#include "base/text.hpp"
#include "database_config.hpp"
#include "handles.hpp"
#include "turso.h"

namespace turso::capi {
namespace {

Error not_offered(std::string_view option, std::string_view why) {
  return {ErrorKind::kError, concat("option ", option, " is not offered: ", why)};
}

}  // namespace

Result<database::Database::Options> translate(const turso_database_config_t* config) {
  if (config == nullptr) return Error{ErrorKind::kMisuse, "config pointer must be not null"};
  if (config->path == nullptr) return Error{ErrorKind::kMisuse, "option path: it is missing"};
  if (!is_valid_utf8(config->path)) return Error{ErrorKind::kMisuse, "option path: it is not UTF-8"};
  if ((config->open_flags & ~static_cast<std::uint32_t>(TURSO_DATABASE_OPEN_READONLY)) != 0)
    return Error{ErrorKind::kMisuse,
                 concat("option open_flags: ", config->open_flags, " has an unknown flag, known is ",
                        static_cast<int>(TURSO_DATABASE_OPEN_READONLY))};
  if (config->encryption_cipher != nullptr)
    return not_offered("encryption_cipher", "local files are plain SQLite files");
  if (config->encryption_hexkey != nullptr)
    return not_offered("encryption_hexkey", "local files are plain SQLite files");
  if (config->page_codec != nullptr) return not_offered("page_codec", "local files are plain SQLite files");
  database::Database::Options options;
  options.path = config->path;
  options.readonly = (config->open_flags & TURSO_DATABASE_OPEN_READONLY) != 0;
  options.vfs = config->vfs != nullptr ? config->vfs : "";
  return options;
}

namespace {

Status open(turso_database& self) {
  std::lock_guard lock(self.mutex);
  if (self.database != nullptr) return ok();
  auto opened = database::Database::open(self.options);
  if (!opened.has_value()) {
    self.last_error = opened.error();
    return std::move(opened).error();
  }
  self.database = std::move(opened).value();
  return ok();
}

Result<std::unique_ptr<database::Connection>> connect(turso_database& self) {
  std::lock_guard lock(self.mutex);
  if (self.database == nullptr) return Error{ErrorKind::kMisuse, "the database is not open"};
  auto connected = self.database->connect();
  if (!connected.has_value()) self.last_error = connected.error();
  return connected;
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_database_new(const turso_database_config_t* config, const turso_database_t** database,
                                       const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (database == nullptr) return null_pointer();
    TURSO_TRY(auto options, translate(config));
    auto made = std::make_unique<turso_database>();
    made->options = std::move(options);
    *database = made.release();
    return ok();
  });
}

turso_status_code_t turso_database_open(const turso_database_t* database, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_database * self, unwrap(database));
    return open(*self);
  });
}

turso_status_code_t turso_database_connect(const turso_database_t* database, turso_connection_t** connection,
                                           const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_database * self, unwrap(database));
    if (connection == nullptr) return null_pointer();
    TURSO_TRY(auto connected, connect(*self));
    *connection = std::make_unique<turso_connection>(turso_connection{std::move(connected)}).release();
    return ok();
  });
}

void turso_database_deinit(const turso_database_t* database) noexcept { release(database); }

// connection.cpp -- turso_connection_*: settings, prepare, extensions, close. Functions are in functions.cpp.
#include "handles.hpp"
#include "turso.h"

namespace turso::capi {
namespace {

turso_statement_t* wrap(std::unique_ptr<database::Statement> statement) {
  if (statement == nullptr) return nullptr;
  return std::make_unique<turso_statement>(turso_statement{std::move(statement)}).release();
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

void turso_connection_set_busy_timeout_ms(const turso_connection_t* connection, int64_t timeout_ms) noexcept {
  guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    self->connection->set_busy_timeout_ms(timeout_ms);
    return ok();
  });
}

bool turso_connection_get_autocommit(const turso_connection_t* connection) noexcept {
  return guard_value(false, [&] { return connection != nullptr && connection->connection->autocommit(); });
}

int64_t turso_connection_last_insert_rowid(const turso_connection_t* connection) noexcept {
  return guard_value(std::int64_t{0}, [&]() -> std::int64_t {
    return connection != nullptr ? connection->connection->last_insert_rowid() : 0;
  });
}

turso_status_code_t turso_connection_prepare_single(const turso_connection_t* connection, const char* sql,
                                                    turso_statement_t** statement,
                                                    const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    if (sql == nullptr || statement == nullptr) return null_pointer();
    TURSO_TRY(auto prepared, self->connection->prepare_single(sql));
    *statement = wrap(std::move(prepared));
    return ok();
  });
}

turso_status_code_t turso_connection_prepare_first(const turso_connection_t* connection, const char* sql,
                                                   turso_statement_t** statement, size_t* tail_idx,
                                                   const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    if (sql == nullptr || statement == nullptr) return null_pointer();
    TURSO_TRY(auto prepared, self->connection->prepare_first(sql));
    *statement = wrap(std::move(prepared.statement));
    if (tail_idx != nullptr) *tail_idx = prepared.tail_index;
    return ok();
  });
}

turso_status_code_t turso_connection_enable_load_extension(const turso_connection_t* connection, bool enabled,
                                                           const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    return self->connection->enable_load_extension(enabled);
  });
}

turso_status_code_t turso_connection_load_extension(const turso_connection_t* connection, const char* path,
                                                    const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    TURSO_TRY(std::string name, text_argument(path));
    return self->connection->load_extension(name);
  });
}

turso_status_code_t turso_connection_close(const turso_connection_t* connection, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    return self->connection->close();
  });
}

void turso_connection_deinit(const turso_connection_t* connection) noexcept { release(connection); }

// functions.cpp -- turso_connection_register_* and _unregister_*: functions and collations of the host.
#include "base/text.hpp"
#include "handles.hpp"
#include "turso.h"
#include "user_function.hpp"

namespace turso::capi {
namespace {

constexpr int kArgumentsMax = 1000;  // SQLite's own limit; -1 stands for any number

std::string function_key(const std::string& name, int argc) { return concat("function ", to_lower(name), "/", argc); }

using Create = int (*)(sqlite3*, const char*, int, const SharedRegistration&);

Status install_function(turso_connection& self, const std::string& name, int argc, Create create,
                        const SharedRegistration& registration) {
  auto install = [=](sqlite3* db) { return create(db, name.c_str(), argc, registration); };
  auto remove = [=](sqlite3* db) {
    return sqlite3_create_function_v2(db, name.c_str(), argc, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr, nullptr);
  };
  return self.connection->install(function_key(name, argc), install, remove);
}

Status remove_functions(turso_connection& self, const std::string& name) {
  bool removed = false;
  for (int argc = -1; argc <= kArgumentsMax; ++argc) {
    Status status = self.connection->uninstall(function_key(name, argc));
    if (!status.has_value() && status.error().kind != ErrorKind::kError) return status;
    removed = removed || status.has_value();
  }
  if (!removed) return Error{ErrorKind::kError, concat("function ", name, " is not registered")};
  return ok();
}

Status install_collation(turso_connection& self, const std::string& name, const SharedRegistration& registration) {
  auto install = [=](sqlite3* db) { return create_collation(db, name.c_str(), registration); };
  auto remove = [=](sqlite3* db) {
    return sqlite3_create_collation_v2(db, name.c_str(), SQLITE_UTF8, nullptr, nullptr, nullptr);
  };
  return self.connection->install(concat("collation ", to_lower(name)), install, remove);
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_connection_register_scalar_function(const turso_connection_t* connection, const char* name,
                                                              int32_t argc, bool deterministic, uintptr_t context,
                                                              turso_scalar_function_t callback,
                                                              turso_context_destructor_t context_destructor,
                                                              turso_value_destructor_t value_destructor,
                                                              const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    auto registration = std::make_shared<Registration>();  // from here on it destroys the context
    registration->context = context;
    registration->context_destructor = context_destructor;
    registration->value_destructor = value_destructor;
    registration->scalar = callback;
    registration->deterministic = deterministic;
    TURSO_TRY(turso_connection * self, unwrap(connection));
    if (name == nullptr || callback == nullptr) return null_pointer();
    return install_function(*self, name, argc, create_scalar, registration);
  });
}

turso_status_code_t turso_connection_register_aggregate_function(
    const turso_connection_t* connection, const char* name, int32_t argc, uintptr_t context,
    turso_aggregate_init_function_t init, turso_aggregate_step_function_t step,
    turso_aggregate_final_function_t finalize, turso_context_destructor_t context_destructor,
    turso_context_destructor_t aggregate_destructor, turso_value_destructor_t value_destructor,
    const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    auto registration = std::make_shared<Registration>();
    registration->context = context;
    registration->context_destructor = context_destructor;
    registration->value_destructor = value_destructor;
    registration->init = init;
    registration->step = step;
    registration->finalize = finalize;
    registration->aggregate_destructor = aggregate_destructor;
    TURSO_TRY(turso_connection * self, unwrap(connection));
    if (name == nullptr || init == nullptr || step == nullptr || finalize == nullptr) return null_pointer();
    return install_function(*self, name, argc, create_aggregate, registration);
  });
}

turso_status_code_t turso_connection_unregister_function(const turso_connection_t* connection, const char* name,
                                                         const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    TURSO_TRY(std::string text, text_argument(name));
    return remove_functions(*self, text);
  });
}

turso_status_code_t turso_connection_register_collation(const turso_connection_t* connection, const char* name,
                                                        uintptr_t context, turso_collation_function_t callback,
                                                        turso_context_destructor_t context_destructor,
                                                        const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    auto registration = std::make_shared<Registration>();
    registration->context = context;
    registration->context_destructor = context_destructor;
    registration->collation = callback;
    TURSO_TRY(turso_connection * self, unwrap(connection));
    if (name == nullptr || callback == nullptr) return null_pointer();
    return install_collation(*self, name, registration);
  });
}

turso_status_code_t turso_connection_unregister_collation(const turso_connection_t* connection, const char* name,
                                                          const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_connection * self, unwrap(connection));
    TURSO_TRY(std::string text, text_argument(name));
    return self->connection->uninstall(concat("collation ", to_lower(text)));
  });
}

// user_function.hpp -- functions and collations of the host, as SQLite calls them.
//
// LIFETIME  One Registration per call of register_*; the Database's installer and every SQLite connection that has
//           the function share it, and the last of them to go runs the host's context destructor.
// SUBTYPE   JSON travels as SQLite's own subtype 'J', both ways.
#pragma once

#include <cstdint>
#include <memory>

#include "sqlite/sqlite_unit.h"
#include "turso.h"

namespace turso::capi {

struct Registration {
  Registration() = default;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    if (context_destructor != nullptr) context_destructor(context);
  }

  std::uintptr_t context = 0;
  turso_context_destructor_t context_destructor = nullptr;
  turso_value_destructor_t value_destructor = nullptr;
  turso_scalar_function_t scalar = nullptr;
  turso_aggregate_init_function_t init = nullptr;
  turso_aggregate_step_function_t step = nullptr;
  turso_aggregate_final_function_t finalize = nullptr;
  turso_context_destructor_t aggregate_destructor = nullptr;
  turso_collation_function_t collation = nullptr;
  bool deterministic = false;
};
using SharedRegistration = std::shared_ptr<Registration>;

int create_scalar(sqlite3* db, const char* name, int argc, const SharedRegistration& registration);
int create_aggregate(sqlite3* db, const char* name, int argc, const SharedRegistration& registration);
int create_collation(sqlite3* db, const char* name, const SharedRegistration& registration);

}  // namespace turso::capi

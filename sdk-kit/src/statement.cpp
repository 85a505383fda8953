// statement.cpp -- turso_statement_*: running, and binding parameters.
#include <limits>

#include "handles.hpp"
#include "turso.h"

using namespace turso;
using namespace turso::capi;

namespace {

turso_status_code_t code_of(database::StepResult result) {
  return result == database::StepResult::kRow ? TURSO_ROW : TURSO_DONE;
}

template <typename Make>
turso_status_code_t bind(const turso_statement_t* statement, std::size_t position, Make make) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_statement * self, unwrap(statement));
    std::size_t most = std::numeric_limits<int>::max();
    return self->statement->bind(position <= most ? static_cast<int>(position) : 0, make());
  });
}

}  // namespace

turso_status_code_t turso_statement_execute(const turso_statement_t* statement, uint64_t* rows_changes,
                                            const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Result<turso_status_code_t> {
    TURSO_TRY(turso_statement * self, unwrap(statement));
    for (;;) {
      TURSO_TRY(database::StepResult result, self->statement->step());
      if (result == database::StepResult::kDone) break;
    }
    if (rows_changes != nullptr) *rows_changes = static_cast<std::uint64_t>(self->statement->change_count());
    return TURSO_DONE;
  });
}

turso_status_code_t turso_statement_step(const turso_statement_t* statement, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Result<turso_status_code_t> {
    TURSO_TRY(turso_statement * self, unwrap(statement));
    TURSO_TRY(database::StepResult result, self->statement->step());
    return code_of(result);
  });
}

turso_status_code_t turso_statement_run_io(const turso_statement_t* statement, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_CHECK(unwrap(statement));
    return ok();
  });
}

turso_status_code_t turso_statement_reset(const turso_statement_t* statement, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_statement * self, unwrap(statement));
    return self->statement->reset();
  });
}

turso_status_code_t turso_statement_finalize(const turso_statement_t* statement, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Result<turso_status_code_t> {
    TURSO_TRY(turso_statement * self, unwrap(statement));
    TURSO_CHECK(self->statement->finalize());
    return TURSO_DONE;
  });
}

void turso_statement_deinit(const turso_statement_t* statement) noexcept { release(statement); }

turso_status_code_t turso_statement_bind_positional_null(const turso_statement_t* statement, size_t position) noexcept {
  return bind(statement, position, [] { return Value(); });
}

turso_status_code_t turso_statement_bind_positional_int(const turso_statement_t* statement, size_t position,
                                                        int64_t value) noexcept {
  return bind(statement, position, [&] { return Value(value); });
}

turso_status_code_t turso_statement_bind_positional_double(const turso_statement_t* statement, size_t position,
                                                           double value) noexcept {
  return bind(statement, position, [&] { return Value(value); });
}

turso_status_code_t turso_statement_bind_positional_blob(const turso_statement_t* statement, size_t position,
                                                         const char* ptr, size_t len) noexcept {
  if (ptr == nullptr && len != 0) return TURSO_MISUSE;
  return bind(statement, position, [&] { return Value(len != 0 ? to_bytes({ptr, len}) : Bytes()); });
}

turso_status_code_t turso_statement_bind_positional_text(const turso_statement_t* statement, size_t position,
                                                         const char* ptr, size_t len) noexcept {
  if (ptr == nullptr && len != 0) return TURSO_MISUSE;
  return bind(statement, position, [&] { return Value(len != 0 ? std::string(ptr, len) : std::string()); });
}

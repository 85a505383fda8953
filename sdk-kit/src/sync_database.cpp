// sync_database.cpp -- turso_sync_database_*: making one, and starting its operations.
#include "base/text.hpp"
#include "errors.hpp"
#include "sync_config.hpp"
#include "sync_handles.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

Result<std::shared_ptr<sync::Engine>> make(const turso_database_config_t* db_config,
                                           const turso_sync_database_config_t* sync_config,
                                           const turso_cdc_options_t* options) {
  TURSO_TRY(sync::Config config, translate(db_config, sync_config));
  TURSO_TRY(auto engine, sync::Engine::make(std::move(config)));
  if (options != nullptr)
    for (const auto& [key, value] : options->values) TURSO_CHECK(engine->set_option(key, value));
  return engine;
}

// Makes the operation that `start` gives for the engine of `database`.
template <typename Start>
turso_status_code_t start_operation(const turso_sync_database_t* database, const turso_sync_operation_t** operation,
                                    const char** error_opt_out, Start start) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_sync_database * self, unwrap(database));
    if (operation == nullptr) return null_pointer();
    auto made = std::make_unique<turso_sync_operation>();
    made->engine = self->engine;
    made->operation = start(*self->engine);
    made->last_error = self->last_error;
    *operation = made.release();
    return ok();
  });
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_sync_database_new(const turso_database_config_t* db_config,
                                            const turso_sync_database_config_t* sync_config,
                                            const turso_sync_database_t** database,
                                            const char** error_opt_out) noexcept {
  return turso_cdc_sync_database_new(db_config, sync_config, nullptr, database, error_opt_out);
}

turso_status_code_t turso_cdc_sync_database_new(const turso_database_config_t* db_config,
                                                const turso_sync_database_config_t* sync_config,
                                                const turso_cdc_options_t* options,
                                                const turso_sync_database_t** database,
                                                const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (database == nullptr) return null_pointer();
    TURSO_TRY(auto engine, make(db_config, sync_config, options));
    auto made = std::make_unique<turso_sync_database>();
    made->engine = std::move(engine);
    *database = made.release();
    return ok();
  });
}

void turso_sync_database_deinit(const turso_sync_database_t* database) noexcept { release(database); }

turso_status_code_t turso_sync_database_open(const turso_sync_database_t* database,
                                             const turso_sync_operation_t** operation,
                                             const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.open(); });
}

turso_status_code_t turso_sync_database_create(const turso_sync_database_t* database,
                                               const turso_sync_operation_t** operation,
                                               const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.create(); });
}

turso_status_code_t turso_sync_database_connect(const turso_sync_database_t* database,
                                                const turso_sync_operation_t** operation,
                                                const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.connect(); });
}

turso_status_code_t turso_sync_database_stats(const turso_sync_database_t* database,
                                              const turso_sync_operation_t** operation,
                                              const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.stats(); });
}

turso_status_code_t turso_sync_database_checkpoint(const turso_sync_database_t* database,
                                                   const turso_sync_operation_t** operation,
                                                   const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.checkpoint(); });
}

turso_status_code_t turso_sync_database_push_changes(const turso_sync_database_t* database,
                                                     const turso_sync_operation_t** operation,
                                                     const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.push(); });
}

turso_status_code_t turso_sync_database_wait_changes(const turso_sync_database_t* database,
                                                     const turso_sync_operation_t** operation,
                                                     const char** error_opt_out) noexcept {
  return start_operation(database, operation, error_opt_out, [](sync::Engine& engine) { return engine.wait(); });
}

turso_status_code_t turso_sync_database_apply_changes(const turso_sync_database_t* database,
                                                      const turso_sync_changes_t* changes,
                                                      const turso_sync_operation_t** operation,
                                                      const char** error_opt_out) noexcept {
  if (changes == nullptr) return guard(error_opt_out, []() -> Status { return null_pointer(); });
  std::shared_ptr<sync::Changes> taken = changes->changes;
  release(changes);  // consumed whatever happens
  return start_operation(database, operation, error_opt_out,
                         [&](sync::Engine& engine) { return engine.apply(std::move(taken)); });
}

void turso_sync_changes_deinit(const turso_sync_changes_t* changes) noexcept { release(changes); }

turso_status_code_t turso_cdc_sync_database_error(const turso_sync_database_t* database,
                                                  turso_cdc_error_t* error) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_database * self, unwrap(database));
    return fill(error, self->last_error->get());
  });
}

// options.cpp -- turso_cdc_options_*: named options, collected here and checked by the engine.
#include "base/text.hpp"
#include "sync_handles.hpp"
#include "turso_cdc.h"

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_cdc_options_new(turso_cdc_options_t** options, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (options == nullptr) return null_pointer();
    *options = std::make_unique<turso_cdc_options>().release();
    return ok();
  });
}

turso_status_code_t turso_cdc_options_set(turso_cdc_options_t* options, const char* key, const char* value,
                                          const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (options == nullptr || key == nullptr || value == nullptr) return null_pointer();
    options->values[key] = value;
    return ok();
  });
}

void turso_cdc_options_deinit(turso_cdc_options_t* options) noexcept { release(options); }

// errors.hpp -- fills a turso_cdc_error_t.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "turso_cdc.h"

namespace turso::capi {

// As much as `out->struct_size` has room for; kind NONE where there is no error. Texts are copies.
Status fill(turso_cdc_error_t* out, const std::optional<Error>& error);

}  // namespace turso::capi

// sync_config.hpp -- checks both configurations of a sync database and translates them.
#pragma once

#include "base/result.hpp"
#include "sync/engine.hpp"
#include "turso_sync.h"

namespace turso::capi {

Result<sync::Config> translate(const turso_database_config_t* database, const turso_sync_database_config_t* config);

}  // namespace turso::capi

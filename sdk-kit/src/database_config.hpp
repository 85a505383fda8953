// database_config.hpp -- checks a turso_database_config_t and translates it.
#pragma once

#include "base/result.hpp"
#include "database/database.hpp"
#include "turso.h"

namespace turso::capi {

// What cannot be offered on SQLite is an error that names the option, never silence. The vfs is checked at open.
Result<database::Database::Options> translate(const turso_database_config_t* config);

}  // namespace turso::capi

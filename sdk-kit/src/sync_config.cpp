#include "sync_config.hpp"

#include "base/text.hpp"
#include "database_config.hpp"

namespace turso::capi {
namespace {

std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

Error misuse(std::string_view option, std::string_view what) {
  return {ErrorKind::kMisuse, concat("option ", option, ": ", what)};
}

Status check(const database::Database::Options& database, const turso_sync_database_config_t& config) {
  if (config.path != nullptr && database.path != config.path)
    return misuse("path", concat("the database configuration says ", database.path, ", the sync configuration ",
                                 std::string_view(config.path)));
  if (config.client_name == nullptr) return misuse("client_name", "it is missing");
  if (config.long_poll_timeout_ms < 0)
    return misuse("long_poll_timeout_ms", concat(config.long_poll_timeout_ms, " is below 0"));
  if (config.reserved_bytes < 0) return misuse("reserved_bytes", concat(config.reserved_bytes, " is below 0"));
  if (database.readonly) return misuse("open_flags", "a replica is not opened read-only");
  if (!database.vfs.empty() && database.vfs != "syscall")
    return Error{ErrorKind::kError, concat("option vfs: a replica takes \"syscall\" only, not \"", database.vfs,
                                           "\"; its path may be :memory:")};
  if (config.logical_mvcc_pull)
    return Error{ErrorKind::kError, "option logical_mvcc_pull is not offered: remotes in MVCC mode are not supported"};
  return ok();
}

}  // namespace

Result<sync::Config> translate(const turso_database_config_t* database, const turso_sync_database_config_t* config) {
  if (database == nullptr || config == nullptr) return Error{ErrorKind::kMisuse, "config pointer must be not null"};
  TURSO_TRY(auto options, translate(database));
  TURSO_CHECK(check(options, *config));
  sync::Config out;
  out.path = options.path;
  out.remote_url = text_or_empty(config->remote_url);
  out.client_name = config->client_name;
  out.long_poll_timeout_ms = static_cast<std::uint32_t>(config->long_poll_timeout_ms);
  out.bootstrap_if_empty = config->bootstrap_if_empty;
  out.reserved_bytes = static_cast<std::uint32_t>(config->reserved_bytes);
  out.remote_encryption_key = text_or_empty(config->remote_encryption_key);
  out.remote_encryption_cipher = text_or_empty(config->remote_encryption_cipher);
  out.push_operations_threshold = config->push_operations_threshold;
  out.pull_bytes_threshold = config->pull_bytes_threshold;
  out.async_io = database->async_io != 0;
  out.partial_bootstrap =
      config->partial_bootstrap_strategy_prefix != 0 || config->partial_bootstrap_strategy_query != nullptr;
  return out;
}

}  // namespace turso::capi

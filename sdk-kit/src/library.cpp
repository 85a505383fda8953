// library.cpp -- version, logging, texts.
#include <array>
#include <cstdlib>
#include <string>

#include "base/environment.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "guard.hpp"
#include "turso.h"

namespace turso::capi {
namespace {

struct Level {
  std::string_view name;
  LogLevel level;
};
constexpr std::array<Level, 5> kLevels = {{{"error", LogLevel::kError},
                                           {"warn", LogLevel::kWarn},
                                           {"info", LogLevel::kInfo},
                                           {"debug", LogLevel::kDebug},
                                           {"trace", LogLevel::kTrace}}};

Result<LogLevel> parse_level(const char* name) {
  if (name == nullptr) return LogLevel::kInfo;
  for (const Level& known : kLevels)
    if (equals_ignore_case(known.name, name)) return known.level;
  return Error{ErrorKind::kError, concat("option log_level: \"", excerpt(name),
                                         "\" is unknown, expected error, warn, info, debug or trace")};
}

Status set_up(const turso_config_t& config) {
  TURSO_TRY(LogLevel level, parse_level(config.log_level));
  if (config.logger == nullptr) {
    set_logger(nullptr, level);
    return ok();
  }
  auto deliver = [logger = config.logger](const LogRecord& record) {
    std::string message(record.message);
    std::string target(record.target);
    turso_log_t log{};
    log.message = message.c_str();
    log.target = target.c_str();
    log.file = record.file;
    log.timestamp = static_cast<std::uint64_t>(system_environment()->unix_time());
    log.line = record.line;
    log.level = static_cast<turso_tracing_level_t>(record.level);
    logger(&log);
  };
  set_logger(deliver, level);
  return ok();
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

const char* turso_version(void) noexcept { return TURSO_SYNC_VERSION; }

turso_status_code_t turso_setup(const turso_config_t* config, const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    if (config == nullptr) return Error{ErrorKind::kMisuse, "config pointer must be not null"};
    return set_up(*config);
  });
}

void turso_str_deinit(const char* self) noexcept { std::free(const_cast<char*>(self)); }

// log.hpp -- the log callback of the host. No callback, no work.
#pragma once

#include <functional>
#include <string_view>

namespace turso {

enum class LogLevel : int { kError = 1, kWarn = 2, kInfo = 3, kDebug = 4, kTrace = 5 };

struct LogRecord {
  std::string_view message;
  std::string_view target;  // "turso::sync", ...
  const char* file;
  std::size_t line;
  LogLevel level;
};

// The callback may come on any thread that calls into the library, never while a lock of ours is held.
void set_logger(std::function<void(const LogRecord&)> logger, LogLevel level_max);
bool log_enabled(LogLevel level);
void write_log(const LogRecord& record);

}  // namespace turso

#define TURSO_LOG(level, target, ...)                                                                        \
  do {                                                                                                       \
    if (::turso::log_enabled(level)) ::turso::write_log({(__VA_ARGS__), target, __FILE__, __LINE__, level}); \
  } while (false)

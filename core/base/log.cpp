#include "base/log.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace turso {
namespace {

std::atomic<int> level_max_now{0};
std::mutex logger_mutex;
std::shared_ptr<std::function<void(const LogRecord&)>> logger_now;

}  // namespace

void set_logger(std::function<void(const LogRecord&)> logger, LogLevel level_max) {
  std::lock_guard lock(logger_mutex);
  level_max_now = logger ? static_cast<int>(level_max) : 0;
  logger_now = logger ? std::make_shared<std::function<void(const LogRecord&)>>(std::move(logger)) : nullptr;
}

bool log_enabled(LogLevel level) { return static_cast<int>(level) <= level_max_now.load(std::memory_order_relaxed); }

void write_log(const LogRecord& record) {
  std::shared_ptr<std::function<void(const LogRecord&)>> logger;
  {
    std::lock_guard lock(logger_mutex);
    logger = logger_now;
  }
  if (logger) (*logger)(record);
}

}  // namespace turso

// commands.hpp -- the commands of turso-sync: what each is told, and the exit statuses they share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace turso::cli {

// Exit statuses. A wrong command line is 2; CLI11 finds that before a command runs.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Set by SIGINT and SIGTERM; what waits looks at it.
extern std::atomic<bool> interrupted;

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string data;      // a folder of databases, served as /db/NAME
  std::string database;  // or one file
  std::vector<std::string> tokens;
  bool strip = false;
};
int serve(const ServeOptions& options);

struct SqlOptions {
  std::string database;
  std::vector<std::string> statements;  // none: standard input
  std::string capture;                  // a mode of the capture pragma; empty: as the file is
  bool json = false;
  bool readonly = false;
};
int sql(const SqlOptions& options);

struct LogOptions {
  std::string database;
  std::string table = "turso_cdc";
  std::int64_t since = 0;  // only changes with a larger id
  bool follow = false;
};
int log(const LogOptions& options);

struct SyncOptions {
  std::string database;
  std::string remote;  // empty: the one that the replica remembers
  std::string token;
  std::int32_t long_poll_timeout_ms = 0;
  std::size_t push_operations_threshold = 0;  // 0: no threshold
  std::size_t pull_bytes_threshold = 0;
  bool json = false;
};
int push(const SyncOptions& options);
int pull(const SyncOptions& options);
int create(const SyncOptions& options);
int sync(const SyncOptions& options);
int stats(const SyncOptions& options);
int checkpoint(const SyncOptions& options);

int version();

}  // namespace turso::cli

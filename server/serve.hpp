// serve.hpp -- runs the sync server until SIGINT or SIGTERM: what `turso-sync serve` calls.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace turso::server {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";  // host:port, [v6 address]:port; port 0: the system chooses
  std::string database_path;              // one database at the root, created when missing, or
  std::string data_directory;             // many under /db/<name>, created on first use
  std::vector<std::string> tokens;        // bearer tokens; none: everybody may
  bool strip_bookkeeping = false;         // drop a replica's own tables from served files instead of refusing them
  bool safe_batches = true;               // a failing step of a batch ends its transaction
  unsigned worker_count = 4;              // threads for SQL and pages

  // Told the URL once the port is bound; empty: prints `listening on <url>` as a line of standard output.
  std::function<void(const std::string& url)> on_listening;
};

// Returns when a signal came and everything was closed cleanly, or with the reason why it could not start.
Status serve(const ServeOptions& options);

}  // namespace turso::server

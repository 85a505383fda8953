// service.hpp -- the sync server without sockets: routes, tokens, databases by name.
//
//   POST /pull-updates        a PullUpdatesReq message; a stream of pages
//   POST /v2/pipeline         SQL over HTTP
//   GET  /health              {"status":"ok"}
//   OPTIONS *                 204, permissive CORS
// With a data directory these stand under /db/<name>, one database per name, created on first use as
// <directory>/<name>.db. A name is 1 to 64 letters, digits, '_', '-' or '.', not beginning with '.'.
//
// Requests for one database must come one after the other: sequence_of() tells which belong together.
// Different databases may be served at the same time by different threads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/body.hpp"
#include "server/database_desk.hpp"

namespace turso::server {

struct ServiceOptions {
  std::string database_path;        // one database at the root, or
  std::string data_directory;       // many under /db/<name>; exactly one of the two
  std::vector<std::string> tokens;  // any of them opens every database; none: no authentication
  bool strip_bookkeeping = false;
  bool safe_batches = true;
  std::int64_t sql_time_ms_max = 30'000;  // per request; 0: no limit
};

class Service {
 public:
  explicit Service(ServiceOptions options, std::shared_ptr<Environment> environment = system_environment());
  ~Service();

  // Checks the options and opens the single database, so that a bad file is told at the start.
  Status open();

  // The name of the database a request is about; "" at the root, nothing when it needs none.
  std::optional<std::string> sequence_of(const Request& request) const;

  void handle(const Request& request, Respond respond);

  // Timers of one database, in its sequence, or of all of them in a single thread.
  void run_timers(const std::string& name);
  void run_timers();
  std::optional<std::int64_t> next_deadline(const std::string& name) const;
  std::optional<std::int64_t> next_deadline() const;

  // At the end: answer who waits, then close each database, in its sequence or in a single thread.
  std::vector<std::string> open_databases() const;
  void drain(const std::string& name);
  Status close(const std::string& name);
  Status close();

  const DatabaseDesk* desk(const std::string& name = "") const { return find(name); }  // null: not open

 private:
  struct Route {
    std::string database;
    std::string_view path;  // what follows /db/<name>
    bool known = false;     // the database part is there and valid
  };
  Route route_of(const Request& request) const;
  bool authorized(const Request& request) const;
  Result<DatabaseDesk*> desk_of(const std::string& name);
  DatabaseDesk* find(const std::string& name) const;
  void dispatch(const Request& request, const Route& route, Respond respond);

  ServiceOptions options_;
  std::shared_ptr<Environment> environment_;
  mutable std::mutex mutex_;  // of the map; a desk belongs to its sequence
  std::map<std::string, std::unique_ptr<DatabaseDesk>> desks_;
  bool stopping_ = false;
};

}  // namespace turso::server

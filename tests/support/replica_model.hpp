// replica_model.hpp -- one replica for tests of the logical half of sync: a file with a log, push and pull against a
// ScriptedServer. The pulled image is a copy of the server's file, replay runs on it, publishing is replacing P by it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/recorder.hpp"
#include "support/scripted_server.hpp"
#include "sync/meta.hpp"
#include "sync/push_session.hpp"
#include "sync/replay.hpp"

namespace turso::test {

class ReplicaModel {
 public:
  // A new replica bootstrapped from `server`.
  ReplicaModel(std::string path, ScriptedServer& server,
               std::shared_ptr<Environment> environment = system_environment());
  // The file that is there already.
  ReplicaModel(std::string path, std::shared_ptr<Environment> environment = system_environment());

  sqlite::Connection& db() { return recorder_->connection(); }
  Recorder& recorder() { return *recorder_; }
  const std::string& path() const { return path_; }
  sync::Meta meta();

  Status local(const std::vector<std::string>& statements) { return recorder_->transaction(statements); }
  Result<std::unique_ptr<sync::PushSession>> push_session(sync::PushOptions options = {});
  Result<sync::PushResult> push(ScriptedServer& server, sync::PushOptions options = {});

  // The server as it is now, as a file that pull() takes; pulled later, it holds pages from before what came since.
  std::string download(ScriptedServer& server);
  Result<sync::ReplayResult> apply(const std::string& image, sync::ReplayOptions options = {});
  Result<sync::ReplayResult> pull(ScriptedServer& server, sync::ReplayOptions options = {}) {
    return apply(download(server), std::move(options));
  }

  void save_copy(const std::string& path);
  void restore(const std::string& path);  // the file becomes what the copy was

 private:
  Result<sync::ReplayResult> rebase(const std::string& image, sync::ReplayOptions options);
  void replace_by(const std::string& path);

  std::string path_;
  std::shared_ptr<Environment> environment_;
  std::unique_ptr<Recorder> recorder_;
  int downloads_ = 0;
};

// Page for page.
void copy_database(sqlite::Connection& from, const std::string& to);

// All rows of all user tables and their schema, as text to compare.
std::string dump(sqlite::Connection& connection);

// Seeded, so that a run can be repeated.
std::shared_ptr<Environment> seeded_environment(std::uint64_t seed);

}  // namespace turso::test

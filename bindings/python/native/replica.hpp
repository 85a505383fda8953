// replica.hpp -- Replica: a database file and, once sync is asked for, the sync database over it.
//
// It holds the configuration until then, so that a file without a remote is plain SQLite until somebody pushes. The
// transport is a Python callable; see _transport.py for what it takes and gives.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <mutex>
#include <vector>

#include "sql.hpp"
#include "turso_sync.hpp"

namespace turso::python {

class PythonTransport;

class Replica {
 public:
  Replica(::turso_sync::SyncOptions options, pybind11::object transport);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  std::unique_ptr<Connection> connect();
  void push();
  bool pull();
  bool sync();  // true: quiet
  void checkpoint();
  pybind11::dict stats();
  void cancel();  // what runs now, from any thread
  void close();

 private:
  static constexpr int kSyncRoundsMax = 8;  // two devices that write all the time never come to rest

  class Running {  // a call that cancel() finds
   public:
    Running(Replica& replica, ::turso_sync::Cancellation& call);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running();

   private:
    Replica& replica_;
    ::turso_sync::Cancellation& call_;
  };

  template <typename Call>
  auto run(Call call) -> decltype(call(std::declval<::turso_sync::SyncDatabase&>(), nullptr));
  std::shared_ptr<::turso_sync::SyncDatabase> database(::turso_sync::Cancellation& cancellation);

  const ::turso_sync::SyncOptions options_;
  std::shared_ptr<PythonTransport> transport_;
  // Both are taken only without the GIL, which a transport that they wait for may need.
  std::mutex opening_mutex_;
  std::shared_ptr<::turso_sync::SyncDatabase> database_;
  std::mutex running_mutex_;
  std::vector<::turso_sync::Cancellation*> running_;
};

}  // namespace turso::python

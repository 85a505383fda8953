// push_session.hpp -- push as a state machine without IO: it says which request to send next and is told the answer.
//
//      next() -> request --host--> on_answer(json) --> next() -> ... -> nothing: done
//                              \-> on_lost()       --> the session is over; the next one reads the row first
//
// A batch is one request and one server transaction, atomic and exactly once at any server:
//   0          BEGIN IMMEDIATE
//   1          compare: SELECT that overflows unless our row is still the pair known here
//              (first push: CREATE TABLE IF NOT EXISTS turso_sync_last_change_id before it)
//   2..k       the changes (consecutive inserts into one table as one INSERT; one by one when it failed, to name the
//              change), a PRAGMA per header field that changed, a compare per trigger whose effects are left out
//   k+1        set: our row := (random nonce, id of the COMMIT record that ends the batch)
//   k+2        COMMIT            every step from 1 on only if ok(the one before)
//   k+3        ROLLBACK          only if ok(0) and not ok(COMMIT)
// Before it leaves, its nonce and sent_through are committed with synchronous=FULL, which makes every earlier
// commit durable as well. A late or doubled request finds the pair changed and does nothing.
//
// INVARIANTS  A user transaction goes through whole or waits whole. Nothing is sent while the server's row is in
// doubt, nor by a file that was found to be a copy. pushed_through moves only over rows that the server has
// committed, or that are never sent (filtered tables, lone COMMIT records).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

struct PushOptions {
  std::size_t operations_threshold = 0;  // a batch ends after the transaction that reaches it; 0: by size only
  std::size_t request_bytes_max = limits::kPipelineRequestBytesMax;  // a single larger transaction still goes as one
  std::shared_ptr<Environment> environment = system_environment();
};

// POST /v2/pipeline.
struct PushRequest {
  std::string body;
};

struct PushResult {
  std::int64_t transactions_sent = 0;  // committed at the server in this session
  std::int64_t changes_sent = 0;       // their row changes and schema changes
  std::int64_t batches_sent = 0;
  std::int64_t requests = 0;
  std::int64_t pushed_through = 0;
};

class PushSession {
 public:
  // `connection` is a plain connection of its own on P (no capture), with a busy timeout. kMisuse when the file is
  // no replica; kConflict `replica_forked` when a fork was found and no apply has run since.
  static Result<std::unique_ptr<PushSession>> begin(sqlite::Connection connection, PushOptions options);
  virtual ~PushSession() = default;

  // The next request; nothing when everything that can be sent has been sent (last_push_unix_time is written then).
  // A transaction that the server refuses ends the session with its error after those before it have been sent:
  // kConstraint or kSchema with subject (table, key, constraint in the server's words, change id); it and all later
  // ones wait. kConflict with condition replica_forked or remote_went_back. After an error always the same error.
  virtual Result<std::optional<PushRequest>> next() = 0;

  // The body of a 200 answer to the request that next() gave last.
  virtual Status on_answer(std::string_view json) = 0;

  // No usable answer arrived: the batch stays in doubt. A later next() of this session reads the row first.
  virtual void on_lost() = 0;

  virtual const PushResult& result() const = 0;
};

}  // namespace turso::sync

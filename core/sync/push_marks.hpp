// push_marks.hpp -- what a push writes about itself into P, each in a transaction of its own at synchronous=FULL.
//
// Only the facts of push are written, because a wait may run beside it and write its own.
#pragma once

#include "base/environment.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

Status prepare_push_connection(sqlite::Connection& connection);

// Before a batch leaves: its nonce, sent_through and id_high_water. Every commit before this one is durable as well.
Status record_departure(sqlite::Connection& connection, Meta& meta, const ServerRow& row);

// The server has committed the batch that set `row`: it is the known row, `meta.pushed_through` holds. Batches that
// left before it and have not arrived never will: the compare shuts the door.
Status record_arrival(sqlite::Connection& connection, Meta& meta, const ServerRow& row);

// Answered with an error: nothing of the batch that would have set `row` was committed.
Status record_refusal(sqlite::Connection& connection, Meta& meta, const ServerRow& row);

// Takes a new client id, on what P says now.
Status record_fork(sqlite::Connection& connection, Meta& meta, Environment& environment);

// pushed_through and last_push_unix_time at the end of a session.
Status record_push_end(sqlite::Connection& connection, const Meta& meta);

}  // namespace turso::sync

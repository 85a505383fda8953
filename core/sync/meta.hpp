// meta.hpp -- what a replica knows about itself: turso_sync_meta and turso_sync_batch inside P, and who owns
// the row of turso_sync_last_change_id that a server shows.
//
// FORMAT  turso_sync_meta(key TEXT PRIMARY KEY, value)   one row per fact, keys in cdc::meta; an absent row is the
// default
//         turso_sync_batch(nonce, last_change_id, state)  every push batch that has left, in the order of leaving
//         (rowid),
//                                                         kept until pulled pages acknowledge it or a later one
//         former ids: key 'former:<client id>', value '<pushed_through>:<acked>'
//
// IDENTITY  Change ids and nonces are random or never reused, so the pair (pull_gen, change_id) of our server row
//         names one batch of one file. A pair that is neither the last known one, nor the last that pulled pages
//         acknowledged, nor that of a batch of ours means that this file was copied or rolled back, and the row
//         acknowledges somebody else's changes: forked. A row that is gone, or acknowledges less than pages have
//         acknowledged before, means that the remote was restored from a backup: it went back.
//
// Everything here runs inside the caller's transaction, initialize_replica excepted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "base/value.hpp"
#include "cdc/names.hpp"
#include "sqlite/connection.hpp"

namespace turso::sync {

// Our row of turso_sync_last_change_id.
struct ServerRow {
  std::int64_t pull_gen = 0;  // the nonce of the batch that wrote it
  std::int64_t change_id = 0;
  friend bool operator==(const ServerRow&, const ServerRow&) = default;
};

enum class BatchState : std::uint8_t {
  kInDoubt = 0,   // has left, no answer yet
  kArrived = 1,   // the server has committed it
  kRejected = 2,  // answered with an error: nothing of it was committed
};

struct SentBatch {
  std::int64_t nonce = 0;
  std::int64_t last_change_id = 0;
  BatchState state = BatchState::kInDoubt;
};

// An id that this file had before it was found to be a copy.
struct FormerClient {
  std::string client_id;
  std::int64_t pushed_through = 0;
  std::int64_t acked = 0;
};

// user_version and application_id of a database header.
struct HeaderFields {
  std::int32_t user_version = 0;
  std::int32_t application_id = 0;
  friend bool operator==(const HeaderFields&, const HeaderFields&) = default;
};

struct Meta {
  std::string client_id;
  std::optional<std::string> revision;        // nothing: never synced
  std::optional<std::int64_t> changes_ident;  // of the applied P-changes
  std::int64_t id_high_water = 0;
  std::int64_t sent_through = 0;
  std::int64_t pushed_through = 0;
  std::int64_t acked = 0;

  std::optional<ServerRow> known_row;  // the last known one; nothing: known not to exist
  std::optional<ServerRow> acked_row;  // the one that the last applied pull held
  bool ack_table_known = false;        // turso_sync_last_change_id exists at the server
  bool fork_pending = false;           // found to be a copy: wait and apply come before the next push

  std::string remote_url;                // the saved configuration; "": none
  std::int64_t last_pull_unix_time = 0;  // 0: never
  std::int64_t last_push_unix_time = 0;
  HeaderFields base_fields;                 // of the remote image that was applied last
  std::optional<HeaderFields> sent_fields;  // what a push sent since

  std::vector<FormerClient> former;
  std::vector<SentBatch> batches;  // oldest first

  bool has_batch_in_doubt() const;
};

// A replica that never synced: a new client id, everything else at its default.
Meta new_meta(std::string_view client_name, Environment& environment);

// Creates both tables where they are missing. Does not write a client id: the file is a replica once save_meta ran.
Status create_meta_tables(sqlite::Connection& connection);

// Nothing: the file is no replica.
Result<std::optional<Meta>> load_meta(sqlite::Connection& connection);

// Writes every fact and every batch, creating the tables if needed; facts of keys unknown here are kept.
Status save_meta(sqlite::Connection& connection, const Meta& meta);

// Makes the database that was just downloaded (or created empty) a replica: tables and facts, with base_fields
// read from its header. Drops what bears bookkeeping names. Outside a transaction: it has its own.
Status initialize_replica(sqlite::Connection& connection, Meta meta);

// One fact, of a replica. A NULL value removes it.
Status set_fact(sqlite::Connection& connection, std::string_view key, const Value& value);

Result<HeaderFields> read_header_fields(sqlite::Connection& connection);
Status write_header_fields(sqlite::Connection& connection, const HeaderFields& fields);

// The highest change id that was ever given out as far as this file knows: log, its sequence, every mark.
Result<std::int64_t> highest_change_id(sqlite::Connection& connection, const Meta& meta);

// The row of `client_id` in this database's turso_sync_last_change_id (pulled pages, or a server's file).
// Nothing where row or table are missing; a row that holds no integers is kCorrupt.
Result<std::optional<ServerRow>> read_server_row(sqlite::Connection& connection, std::string_view client_id);

// ---- identity -----------------------------------------------------------------------------------------------

enum class RowSource : std::uint8_t {
  kServer,       // read by a push, just now
  kPulledPages,  // may be older than what a push has learned since
};

enum class RowVerdict : std::uint8_t {
  kKnown,     // the last known one
  kArrived,   // a batch of ours, or an earlier row of ours that acknowledges no less than pages did
  kForked,    // somebody else's: this file was copied or rolled back
  kWentBack,  // gone, or acknowledges less than `acked`
};

struct RowJudgement {
  RowVerdict verdict = RowVerdict::kKnown;
  std::int64_t acknowledged = 0;  // the highest change id that the row acknowledges; 0 unless kKnown or kArrived
};

RowJudgement judge_row(const Meta& meta, const std::optional<ServerRow>& row, RowSource source);

// Takes a new client id: the old one becomes a former one with its marks, its batches are forgotten (the row
// proves that none of them arrived), and the next push waits for an apply.
void take_new_client_id(Meta& meta, Environment& environment);

// The typed errors of the two verdicts; `condition` is "replica_forked" or "remote_went_back".
Error replica_forked_error(const Meta& meta);
Error remote_went_back_error(const Meta& meta, const std::optional<ServerRow>& row);

}  // namespace turso::sync

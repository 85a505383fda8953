#include "sync/push_marks.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

namespace key = cdc::meta;

Status write_facts(sqlite::Connection& connection, const Meta& meta) {
  const bool sent = meta.sent_fields.has_value();
  TURSO_CHECK(set_fact(connection, key::kSentThrough, Value(meta.sent_through)));
  TURSO_CHECK(set_fact(connection, key::kIdHighWater, Value(meta.id_high_water)));
  TURSO_CHECK(set_fact(connection, key::kPushedThrough, Value(meta.pushed_through)));
  TURSO_CHECK(set_fact(connection, key::kAckTableKnown, meta.ack_table_known ? Value(1) : Value()));
  TURSO_CHECK(set_fact(
      connection, key::kKnownRow,
      meta.known_row.has_value() ? Value(concat(meta.known_row->pull_gen, ":", meta.known_row->change_id)) : Value()));
  TURSO_CHECK(set_fact(connection, key::kSentUserVersion, sent ? Value(meta.sent_fields->user_version) : Value()));
  return set_fact(connection, key::kSentApplicationId, sent ? Value(meta.sent_fields->application_id) : Value());
}

Result<sqlite::Transaction> begin(sqlite::Connection& connection) {
  return sqlite::Transaction::begin(connection, sqlite::Transaction::Kind::kImmediate);
}

}  // namespace

Status prepare_push_connection(sqlite::Connection& connection) { return connection.run(sql::kSynchronousFull); }

Status record_departure(sqlite::Connection& connection, Meta& meta, const ServerRow& row) {
  TURSO_TRY(auto transaction, begin(connection));
  meta.sent_through = std::max(meta.sent_through, row.change_id);
  TURSO_TRY(meta.id_high_water, highest_change_id(connection, meta));
  meta.batches.push_back({row.pull_gen, row.change_id, BatchState::kInDoubt});
  TURSO_CHECK(connection.run(sql::kWriteBatch, Value(row.pull_gen), Value(row.change_id),
                             Value(static_cast<int>(BatchState::kInDoubt))));
  TURSO_CHECK(write_facts(connection, meta));
  return transaction.commit();
}

Status record_arrival(sqlite::Connection& connection, Meta& meta, const ServerRow& row) {
  TURSO_TRY(auto transaction, begin(connection));
  meta.known_row = row;
  auto arrived = std::find_if(meta.batches.begin(), meta.batches.end(),
                              [&](const SentBatch& b) { return b.nonce == row.pull_gen; });
  if (arrived != meta.batches.end()) {
    arrived->state = BatchState::kArrived;
    auto dead = std::remove_if(meta.batches.begin(), arrived,
                               [](const SentBatch& b) { return b.state != BatchState::kArrived; });
    meta.batches.erase(dead, arrived);
  }
  TURSO_CHECK(connection.run(sql::kSetBatchState, Value(row.pull_gen), Value(static_cast<int>(BatchState::kArrived))));
  TURSO_CHECK(
      connection.run(sql::kDeleteDeadBatches, Value(row.pull_gen), Value(static_cast<int>(BatchState::kArrived))));
  TURSO_CHECK(write_facts(connection, meta));
  return transaction.commit();
}

Status record_refusal(sqlite::Connection& connection, Meta& meta, const ServerRow& row) {
  TURSO_TRY(auto transaction, begin(connection));
  for (SentBatch& batch : meta.batches) {
    if (batch.nonce == row.pull_gen) batch.state = BatchState::kRejected;
  }
  TURSO_CHECK(connection.run(sql::kSetBatchState, Value(row.pull_gen), Value(static_cast<int>(BatchState::kRejected))));
  return transaction.commit();
}

Status record_fork(sqlite::Connection& connection, Meta& meta, Environment& environment) {
  TURSO_TRY(auto transaction, begin(connection));
  TURSO_TRY(auto now, load_meta(connection));
  if (!now.has_value()) return Error{ErrorKind::kCorrupt, "turso_sync_meta vanished during a push"};
  take_new_client_id(*now, environment);
  TURSO_CHECK(save_meta(connection, *now));
  TURSO_CHECK(transaction.commit());
  meta = std::move(*now);
  return ok();
}

Status record_push_end(sqlite::Connection& connection, const Meta& meta) {
  TURSO_TRY(auto transaction, begin(connection));
  TURSO_CHECK(set_fact(connection, key::kPushedThrough, Value(meta.pushed_through)));
  TURSO_CHECK(set_fact(connection, key::kLastPushTime, Value(meta.last_push_unix_time)));
  return transaction.commit();
}

}  // namespace turso::sync

#include "sync/meta.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sync/sync_sql.hpp"

namespace turso::sync {
namespace {

namespace key = cdc::meta;

// '<a>:<b>', two decimal numbers.
std::string pair_text(std::int64_t a, std::int64_t b) { return concat(a, ":", b); }

Result<std::pair<std::int64_t, std::int64_t>> parse_pair(std::string_view name, const Value& value) {
  if (value.type() == ValueType::kText) {
    const std::string& text = value.text();
    const std::size_t colon = text.find(':');
    if (colon != std::string::npos) {
      auto first = parse_int64(std::string_view(text).substr(0, colon));
      auto second = parse_int64(std::string_view(text).substr(colon + 1));
      if (first.has_value() && second.has_value()) return std::pair(*first, *second);
    }
  }
  return Error{ErrorKind::kCorrupt,
               concat("turso_sync_meta: ", name, " is ", excerpt(value.to_sql()), ", expected two numbers")};
}

Error not_a(std::string_view name, const Value& value, std::string_view what) {
  return Error{ErrorKind::kCorrupt,
               concat("turso_sync_meta: ", name, " is ", excerpt(value.to_sql()), ", expected ", what)};
}

Status take_int(std::string_view name, const Value& value, std::int64_t& out) {
  if (value.type() != ValueType::kInteger) return not_a(name, value, "a number");
  out = value.integer();
  return ok();
}

Status take_flag(std::string_view name, const Value& value, bool& out) {
  std::int64_t number = 0;
  TURSO_CHECK(take_int(name, value, number));
  out = number != 0;
  return ok();
}

Status take_text(std::string_view name, const Value& value, std::string& out) {
  if (value.type() != ValueType::kText) return not_a(name, value, "a text");
  out = value.text();
  return ok();
}

Status take_row(std::string_view name, const Value& value, std::optional<ServerRow>& out) {
  TURSO_TRY(auto pair, parse_pair(name, value));
  out = ServerRow{pair.first, pair.second};
  return ok();
}

Status take_field(std::string_view name, const Value& value, std::int32_t& out) {
  std::int64_t number = 0;
  TURSO_CHECK(take_int(name, value, number));
  out = static_cast<std::int32_t>(number);
  return ok();
}

HeaderFields& sent_fields_of(Meta& meta) {
  if (!meta.sent_fields.has_value()) meta.sent_fields = HeaderFields{};
  return *meta.sent_fields;
}

Status take_fact(Meta& meta, const std::string& name, const Value& value) {
  if (value.is_null()) return ok();  // as good as absent
  if (name == key::kClientId) return take_text(name, value, meta.client_id);
  if (name == key::kRevision) return take_text(name, value, meta.revision.emplace());
  if (name == key::kChangesIdent) return take_int(name, value, meta.changes_ident.emplace());
  if (name == key::kIdHighWater) return take_int(name, value, meta.id_high_water);
  if (name == key::kSentThrough) return take_int(name, value, meta.sent_through);
  if (name == key::kPushedThrough) return take_int(name, value, meta.pushed_through);
  if (name == key::kAcked) return take_int(name, value, meta.acked);
  if (name == key::kKnownRow) return take_row(name, value, meta.known_row);
  if (name == key::kAckedRow) return take_row(name, value, meta.acked_row);
  if (name == key::kAckTableKnown) return take_flag(name, value, meta.ack_table_known);
  if (name == key::kForkPending) return take_flag(name, value, meta.fork_pending);
  if (name == key::kRemoteUrl) return take_text(name, value, meta.remote_url);
  if (name == key::kLastPullTime) return take_int(name, value, meta.last_pull_unix_time);
  if (name == key::kLastPushTime) return take_int(name, value, meta.last_push_unix_time);
  if (name == key::kBaseUserVersion) return take_field(name, value, meta.base_fields.user_version);
  if (name == key::kBaseApplicationId) return take_field(name, value, meta.base_fields.application_id);
  if (name == key::kSentUserVersion) return take_field(name, value, sent_fields_of(meta).user_version);
  if (name == key::kSentApplicationId) return take_field(name, value, sent_fields_of(meta).application_id);
  if (name.starts_with(key::kFormerPrefix)) {
    TURSO_TRY(auto marks, parse_pair(name, value));
    meta.former.push_back({name.substr(key::kFormerPrefix.size()), marks.first, marks.second});
  }
  return ok();
}

Result<std::vector<SentBatch>> load_batches(sqlite::Connection& connection) {
  std::vector<SentBatch> batches;
  TURSO_TRY(bool exists, sqlite::has_object(connection, "table", cdc::kBatchTable));
  if (!exists) return batches;
  TURSO_TRY(auto read, connection.prepare(sql::kReadBatches));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) return batches;
    const std::int64_t state = read.column_int(2);
    if (state < 0 || state > 2) {
      return Error{ErrorKind::kCorrupt, concat("turso_sync_batch: batch ", read.column_int(0), " is in state ", state,
                                               ", expected 0, 1 or 2")};
    }
    batches.push_back({read.column_int(0), read.column_int(1), static_cast<BatchState>(state)});
  }
}

Value row_value(const std::optional<ServerRow>& row) {
  return row.has_value() ? Value(pair_text(row->pull_gen, row->change_id)) : Value();
}

Result<std::int32_t> read_field(sqlite::Connection& connection, std::string_view pragma) {
  TURSO_TRY(std::int64_t value, connection.query_int(pragma));
  return static_cast<std::int32_t>(value);
}

}  // namespace

bool Meta::has_batch_in_doubt() const {
  return std::any_of(batches.begin(), batches.end(),
                     [](const SentBatch& b) { return b.state == BatchState::kInDoubt; });
}

Meta new_meta(std::string_view client_name, Environment& environment) {
  Meta meta;
  meta.client_id = concat(client_name, "-", environment.random_uuid());
  return meta;
}

Status create_meta_tables(sqlite::Connection& connection) {
  TURSO_CHECK(connection.run(sql::kCreateMeta));
  return connection.run(sql::kCreateBatch);
}

Result<std::optional<Meta>> load_meta(sqlite::Connection& connection) {
  TURSO_TRY(bool exists, sqlite::has_object(connection, "table", cdc::kMetaTable));
  if (!exists) return std::optional<Meta>();
  Meta meta;
  TURSO_TRY(auto read, connection.prepare(sql::kReadMeta));
  for (;;) {
    TURSO_TRY(bool row, read.step());
    if (!row) break;
    TURSO_CHECK(take_fact(meta, std::string(read.column_text(0)), read.column(1)));
  }
  if (meta.client_id.empty()) return Error{ErrorKind::kCorrupt, "turso_sync_meta holds no client_id"};
  TURSO_TRY(meta.batches, load_batches(connection));
  return std::optional<Meta>(std::move(meta));
}

Status set_fact(sqlite::Connection& connection, std::string_view name, const Value& value) {
  if (value.is_null()) return connection.run(sql::kDeleteFact, Value(name));
  return connection.run(sql::kWriteFact, Value(name), value);
}

Status save_meta(sqlite::Connection& connection, const Meta& meta) {
  TURSO_ASSERT(!meta.client_id.empty());
  TURSO_CHECK(create_meta_tables(connection));
  auto optional_int = [](const std::optional<std::int64_t>& value) {
    return value.has_value() ? Value(*value) : Value();
  };
  const bool sent = meta.sent_fields.has_value();
  const std::array<std::pair<std::string_view, Value>, 18> facts = {{
      {key::kClientId, Value(meta.client_id)},
      {key::kRevision, meta.revision.has_value() ? Value(*meta.revision) : Value()},
      {key::kChangesIdent, optional_int(meta.changes_ident)},
      {key::kIdHighWater, Value(meta.id_high_water)},
      {key::kSentThrough, Value(meta.sent_through)},
      {key::kPushedThrough, Value(meta.pushed_through)},
      {key::kAcked, Value(meta.acked)},
      {key::kKnownRow, row_value(meta.known_row)},
      {key::kAckedRow, row_value(meta.acked_row)},
      {key::kAckTableKnown, meta.ack_table_known ? Value(1) : Value()},
      {key::kForkPending, meta.fork_pending ? Value(1) : Value()},
      {key::kRemoteUrl, meta.remote_url.empty() ? Value() : Value(meta.remote_url)},
      {key::kLastPullTime, Value(meta.last_pull_unix_time)},
      {key::kLastPushTime, Value(meta.last_push_unix_time)},
      {key::kBaseUserVersion, Value(meta.base_fields.user_version)},
      {key::kBaseApplicationId, Value(meta.base_fields.application_id)},
      {key::kSentUserVersion, sent ? Value(meta.sent_fields->user_version) : Value()},
      {key::kSentApplicationId, sent ? Value(meta.sent_fields->application_id) : Value()},
  }};
  for (const auto& [name, value] : facts) TURSO_CHECK(set_fact(connection, name, value));
  TURSO_CHECK(connection.run(sql::kDeleteFactsOf, Value(key::kFormerPrefix),
                             Value(static_cast<std::int64_t>(key::kFormerPrefix.size()))));
  for (const FormerClient& former : meta.former) {
    TURSO_CHECK(set_fact(connection, concat(key::kFormerPrefix, former.client_id),
                         Value(pair_text(former.pushed_through, former.acked))));
  }
  TURSO_CHECK(connection.run(sql::kDeleteBatches));
  for (const SentBatch& batch : meta.batches) {
    TURSO_CHECK(connection.run(sql::kWriteBatch, Value(batch.nonce), Value(batch.last_change_id),
                               Value(static_cast<int>(batch.state))));
  }
  return ok();
}

Result<HeaderFields> read_header_fields(sqlite::Connection& connection) {
  HeaderFields fields;
  TURSO_TRY(fields.user_version, read_field(connection, sql::kReadUserVersion));
  TURSO_TRY(fields.application_id, read_field(connection, sql::kReadApplicationId));
  return fields;
}

Status write_header_fields(sqlite::Connection& connection, const HeaderFields& fields) {
  TURSO_CHECK(connection.run(concat(sql::kSetUserVersion, fields.user_version)));
  return connection.run(concat(sql::kSetApplicationId, fields.application_id));
}

Result<std::int64_t> highest_change_id(sqlite::Connection& connection, const Meta& meta) {
  std::int64_t highest = std::max({meta.id_high_water, meta.sent_through, meta.pushed_through, meta.acked});
  for (const FormerClient& former : meta.former) highest = std::max({highest, former.pushed_through, former.acked});
  TURSO_TRY(bool has_log, sqlite::has_object(connection, "table", cdc::kLogTable));
  if (!has_log) return highest;
  TURSO_TRY(std::int64_t logged, connection.query_int(sql::kMaxChangeId));
  highest = std::max(highest, logged);
  TURSO_TRY(bool has_sequence, sqlite::has_object(connection, "table", "sqlite_sequence"));
  if (!has_sequence) return highest;
  TURSO_TRY(std::int64_t sequence, connection.query_int(sql::kLogSequence));
  // A multiple of 1024 reserves ids that were not all given out: it says nothing beyond the log (cdc.md 2.1).
  if (sequence % 1024 != 0) highest = std::max(highest, sequence);
  return highest;
}

Result<std::optional<ServerRow>> read_server_row(sqlite::Connection& connection, std::string_view client_id) {
  TURSO_TRY(bool exists, sqlite::has_object(connection, "table", cdc::kAckTable));
  if (!exists) return std::optional<ServerRow>();
  TURSO_TRY(auto read, connection.prepare(sql::kReadServerRow));
  TURSO_CHECK(read.bind_text(1, client_id));
  TURSO_TRY(bool row, read.step());
  if (!row) return std::optional<ServerRow>();
  if (read.column(0).type() != ValueType::kInteger || read.column(1).type() != ValueType::kInteger) {
    return Error{ErrorKind::kCorrupt,
                 concat("turso_sync_last_change_id: the row of ", client_id, " is (", read.column(0).to_sql(), ", ",
                        read.column(1).to_sql(), "), expected two integers")};
  }
  return std::optional<ServerRow>(ServerRow{read.column_int(0), read.column_int(1)});
}

RowJudgement judge_row(const Meta& meta, const std::optional<ServerRow>& row, RowSource source) {
  if (!row.has_value()) {
    // Pages may be older than the first push; what pages have shown before cannot be missing from later ones.
    const bool never_there = source == RowSource::kServer ? !meta.known_row.has_value() : !meta.acked_row.has_value();
    return {never_there ? RowVerdict::kKnown : RowVerdict::kWentBack, 0};
  }
  // Our row moves by compare-and-set only, so that no copy of this file can have moved it below what pages have
  // acknowledged: only a restored remote shows such a row, whatever its nonce.
  if (row->change_id < meta.acked) return {RowVerdict::kWentBack, 0};
  const bool sent_by_us = std::any_of(meta.batches.begin(), meta.batches.end(), [&](const SentBatch& batch) {
    return batch.nonce == row->pull_gen && batch.last_change_id == row->change_id;
  });
  const bool known = row == meta.known_row;
  if (!known && !sent_by_us && row != meta.acked_row) return {RowVerdict::kForked, 0};
  return {known ? RowVerdict::kKnown : RowVerdict::kArrived, row->change_id};
}

void take_new_client_id(Meta& meta, Environment& environment) {
  meta.former.push_back({meta.client_id, meta.pushed_through, meta.acked});
  // <client_name>-<uuid>: the name may hold dashes itself, a uuid is 36 characters.
  constexpr std::size_t kUuidLength = 36;
  std::string name = meta.client_id.size() > kUuidLength + 1
                         ? meta.client_id.substr(0, meta.client_id.size() - kUuidLength - 1)
                         : "replica";
  meta.client_id = concat(name, "-", environment.random_uuid());
  meta.acked = 0;
  meta.known_row.reset();
  meta.acked_row.reset();
  meta.batches.clear();
  meta.fork_pending = true;
}

Error replica_forked_error(const Meta& meta) {
  Error error(ErrorKind::kConflict,
              concat("replica ", meta.former.empty() ? meta.client_id : meta.former.back().client_id,
                     " was copied or rolled back: the server's row for it is not of this file; pull, then push as ",
                     meta.client_id));
  error.condition = "replica_forked";
  return error;
}

Error remote_went_back_error(const Meta& meta, const std::optional<ServerRow>& row) {
  const std::string found = row.has_value() ? concat("change ", row->change_id) : std::string("no change at all");
  const std::int64_t expected = std::max(meta.acked, meta.known_row.has_value() ? meta.known_row->change_id : 0);
  Error error(ErrorKind::kConflict, concat("the remote went back: it acknowledges ", found, " of replica ",
                                           meta.client_id, ", earlier change ", expected));
  error.condition = "remote_went_back";
  return error;
}

}  // namespace turso::sync

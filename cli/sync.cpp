// sync.cpp -- push, pull, create, sync, stats and checkpoint: one SyncDatabase over libcurl, one operation.
#include <cstdio>

#include "failure.hpp"
#include "http_transport.hpp"
#include "output.hpp"

namespace turso::cli {
namespace {

using ::turso_sync::SyncDatabase;
using ::turso_sync::SyncStats;

::turso_sync::SyncOptions sync_options(const SyncOptions& options) {
  ::turso_sync::SyncOptions sync;
  sync.path = options.database;
  sync.remote_url = options.remote;
  sync.client_name = "turso-sync-cli";
  sync.long_poll_timeout_ms = options.long_poll_timeout_ms;
  sync.push_operations_threshold = options.push_operations_threshold;
  sync.pull_bytes_threshold = options.pull_bytes_threshold;
  return sync;
}

CurlTransport::Options transport_options(const SyncOptions& options) {
  CurlTransport::Options transport;
  transport.token = options.token;
  transport.silence_timeout_s += options.long_poll_timeout_ms / 1000;
  transport.interrupted = &interrupted;
  return transport;
}

// Opens the replica for the time of one command, and runs `body` on it. With a remote it is made if it is missing.
template <typename Body>
int with_replica(const SyncOptions& options, Body body) {
  return guarded([&] {
    SyncDatabase database(sync_options(options), std::make_shared<CurlTransport>(transport_options(options)));
    if (options.remote.empty()) {
      database.open();
    } else {
      database.create();
    }
    body(database);
    return kOk;
  });
}

std::int64_t pending(SyncDatabase& database) { return database.stats().basic.cdc_operations; }

constexpr const char* kCompare[] = {"none", "tracked", "full"};

// The fields of turso_sync_stats_t in their order, then what turso_cdc.h adds.
template <typename Integer, typename Text>
void visit(const SyncStats& stats, Integer integer, Text text) {
  integer("cdc_operations", stats.basic.cdc_operations);
  integer("main_wal_size", stats.basic.main_wal_size);
  integer("revert_wal_size", stats.basic.revert_wal_size);
  integer("last_pull_unix_time", stats.basic.last_pull_unix_time);
  integer("last_push_unix_time", stats.basic.last_push_unix_time);
  integer("network_sent_bytes", stats.basic.network_sent_bytes);
  integer("network_received_bytes", stats.basic.network_received_bytes);
  text("revision", stats.revision);
  integer("pending_changes", stats.more.pending_changes);
  integer("pending_transactions", stats.more.pending_transactions);
  integer("oldest_pending_unix_time_ms", stats.more.oldest_pending_unix_time_ms);
  integer("parked", stats.more.parked);
  integer("quarantined", stats.more.quarantined);
  integer("conflicts", stats.more.conflicts);
  integer("replica_forked", stats.more.replica_forked);
  integer("remote_went_back", stats.more.remote_went_back);
  integer("partial_bootstrap_ignored", stats.more.partial_bootstrap_ignored);
  text("last_compare", kCompare[stats.more.last_compare <= TURSO_CDC_COMPARE_FULL ? stats.more.last_compare : 0]);
  integer("main_bytes", stats.more.main_bytes);
  integer("wal_bytes", stats.more.wal_bytes);
  integer("base_bytes", stats.more.base_bytes);
  integer("changes_bytes", stats.more.changes_bytes);
}

void print_json(const SyncStats& stats) {
  JsonLine line;
  visit(
      stats, [&](const char* name, std::int64_t value) { line.integer(name, value); },
      [&](const char* name, const std::string& value) { line.text(name, value); });
  std::fputs(line.finish().c_str(), stdout);
}

void print_text(const SyncStats& stats) {
  visit(
      stats,
      [](const char* name, std::int64_t value) { std::printf("%-28s %lld\n", name, static_cast<long long>(value)); },
      [](const char* name, const std::string& value) { std::printf("%-28s %s\n", name, value.c_str()); });
}

}  // namespace

int push(const SyncOptions& options) {
  return with_replica(options, [](SyncDatabase& database) {
    const std::int64_t before = pending(database);
    database.push();
    std::printf("pushed: cdc_operations %lld -> %lld\n", static_cast<long long>(before),
                static_cast<long long>(pending(database)));
  });
}

int pull(const SyncOptions& options) {
  return with_replica(options, [](SyncDatabase& database) {
    std::puts(database.pull() ? "pulled: something new came" : "pulled: nothing new");
  });
}

int create(const SyncOptions& options) {
  return with_replica(options, [&](SyncDatabase& database) {
    std::printf("%s is a replica at revision %s\n", options.database.c_str(), database.stats().revision.c_str());
  });
}

int sync(const SyncOptions& options) {
  return with_replica(options, [](SyncDatabase& database) {
    std::puts(database.sync() ? "synced: nothing is pending" : "synced: the remote keeps changing, run it again");
  });
}

int stats(const SyncOptions& options) {
  return with_replica(options, [&](SyncDatabase& database) {
    if (options.json) {
      print_json(database.stats());
    } else {
      print_text(database.stats());
    }
  });
}

int checkpoint(const SyncOptions& options) {
  return with_replica(options, [](SyncDatabase& database) { database.checkpoint(); });
}

}  // namespace turso::cli

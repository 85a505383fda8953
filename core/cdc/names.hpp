// names.hpp -- the bookkeeping tables of a database that captures, and of a replica.
//
// They are told by exact name (compared without ASCII case), never by prefix: a user's table `turso_foo`
// is captured and synced like any other.
#pragma once

#include <array>
#include <string_view>

namespace turso::cdc {

inline constexpr std::string_view kLogTable = "turso_cdc";                  // the default name of the log
inline constexpr std::string_view kVersionTable = "turso_cdc_version";      // layout version per log table
inline constexpr std::string_view kMarksTable = "turso_cdc_marks";          // which rows triggers and FK actions wrote
inline constexpr std::string_view kSchemaTable = "turso_cdc_schema";        // column lists by schema epoch
inline constexpr std::string_view kHeldTable = "turso_cdc_held";            // transactions parked or quarantined
inline constexpr std::string_view kConflictTable = "turso_cdc_conflict";    // verdicts
inline constexpr std::string_view kMetaTable = "turso_sync_meta";           // makes a file a replica
inline constexpr std::string_view kBatchTable = "turso_sync_batch";         // push batches that have left
inline constexpr std::string_view kAckTable = "turso_sync_last_change_id";  // the server's; pulled with its pages

// Ours: live only in the client's file, are never pushed, never taken from pulled pages.
inline constexpr std::array<std::string_view, 8> kBookkeepingTables = {
    kLogTable, kVersionTable, kMarksTable, kSchemaTable, kHeldTable, kConflictTable, kMetaTable, kBatchTable};

bool is_bookkeeping_table(std::string_view name);

// What push sends and replay runs: not sqlite_*, not __turso_internal_*, not kAckTable, not bookkeeping.
bool is_user_table(std::string_view name);

// turso_sync_meta(key TEXT PRIMARY KEY, value): one row per fact. Capture reads the marks below when it
// looks for the next change id, which must be above every one of them (architecture section 4, Identity).
namespace meta {
inline constexpr std::string_view kClientId = "client_id";          // <client_name>-<uuid>
inline constexpr std::string_view kRevision = "revision";           // synced revision, NULL: never synced
inline constexpr std::string_view kChangesIdent = "changes_ident";  // identity of the applied P-changes, as INTEGER
inline constexpr std::string_view kIdHighWater = "id_high_water";
inline constexpr std::string_view kSentThrough = "sent_through";
inline constexpr std::string_view kPushedThrough = "pushed_through";
inline constexpr std::string_view kAcked = "acked";                    // for the current client id
inline constexpr std::string_view kKnownRow = "known_row";             // our server row, '<pull_gen>:<change_id>'
inline constexpr std::string_view kAckedRow = "acked_row";             // the same, as the last applied pull held it
inline constexpr std::string_view kAckTableKnown = "ack_table_known";  // 1: kAckTable exists at the server
inline constexpr std::string_view kForkPending = "fork_pending";       // 1: apply before the next push
inline constexpr std::string_view kRemoteUrl = "remote_url";           // the saved configuration
inline constexpr std::string_view kLastPullTime = "last_pull_unix_time";
inline constexpr std::string_view kLastPushTime = "last_push_unix_time";
inline constexpr std::string_view kBaseUserVersion = "base_user_version";  // of the remote image applied last
inline constexpr std::string_view kBaseApplicationId = "base_application_id";
inline constexpr std::string_view kSentUserVersion = "sent_user_version";  // what a push sent since
inline constexpr std::string_view kSentApplicationId = "sent_application_id";
inline constexpr std::string_view kFormerPrefix = "former:";  // former:<client id> = '<pushed_through>:<acked>'
}  // namespace meta

}  // namespace turso::cdc

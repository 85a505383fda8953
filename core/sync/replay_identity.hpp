// replay_identity.hpp -- what a pulled image says about our pushes: the floor of the rebase, and the marks after it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

struct PulledRow {
  std::optional<ServerRow> row;  // ours, in the image
  RowJudgement judgement;
  HeaderFields fields;  // of the image, before anything is replayed
  bool has_ack_table = false;
  std::int64_t former_through = 0;  // what the image acknowledges of former client ids, as change ids of this log
};

Result<PulledRow> read_pulled_row(sqlite::Connection& image, const Meta& meta);

// Rows up to this are in the image.
std::int64_t acknowledged_by(const PulledRow& pulled);

// The marks of `meta` after the image was applied. A forked replica takes a new client id; one whose remote went
// back (accepted) sends again what the remote has lost and this log still holds.
void settle_identity(Meta& meta, const PulledRow& pulled, Environment& environment);

// user_version and application_id of the new P: ours where changed here and not known to be in the image, else the
// image's. Updates base_fields and sent_fields.
HeaderFields merge_header_fields(Meta& meta, const HeaderFields& live, const PulledRow& pulled);

}  // namespace turso::sync

#include "sync/replay_identity.hpp"

#include <algorithm>

namespace turso::sync {
namespace {

// Where the batch that set `row` stands in the order of leaving; -1: acknowledged long ago.
std::ptrdiff_t batch_index(const Meta& meta, const std::optional<ServerRow>& row) {
  const auto found = std::find_if(meta.batches.begin(), meta.batches.end(), [&](const SentBatch& batch) {
    return row.has_value() && batch.nonce == row->pull_gen;
  });
  return found == meta.batches.end() ? -1 : found - meta.batches.begin();
}

void settle_acknowledged(Meta& meta, const PulledRow& pulled) {
  const std::ptrdiff_t in_image = batch_index(meta, pulled.row);
  // Pages fetched before a push that has run since show an older row than the known one.
  if (in_image > batch_index(meta, meta.known_row)) meta.known_row = pulled.row;
  meta.batches.erase(meta.batches.begin(), meta.batches.begin() + (in_image + 1));
  meta.acked = pulled.judgement.acknowledged;
  meta.acked_row = pulled.row;
  meta.pushed_through = std::max(meta.pushed_through, meta.acked);
}

void settle_went_back(Meta& meta, const PulledRow& pulled) {
  meta.acked = pulled.row.has_value() ? pulled.row->change_id : 0;
  meta.pushed_through = meta.acked;
  meta.known_row = pulled.row;
  meta.acked_row = pulled.row;
  meta.batches.clear();
  meta.sent_fields.reset();
}

}  // namespace

Result<PulledRow> read_pulled_row(sqlite::Connection& image, const Meta& meta) {
  PulledRow pulled;
  TURSO_TRY(pulled.row, read_server_row(image, meta.client_id));
  pulled.judgement = judge_row(meta, pulled.row, RowSource::kPulledPages);
  TURSO_TRY(pulled.fields, read_header_fields(image));
  TURSO_TRY(pulled.has_ack_table, sqlite::has_object(image, "table", cdc::kAckTable));
  // A former id's row is written by the other copy now; once it stands above what this file had pushed under that id,
  // all of that is in the image.
  for (const FormerClient& former : meta.former) {
    TURSO_TRY(auto row, read_server_row(image, former.client_id));
    const bool contains_all = row.has_value() && row->change_id >= former.pushed_through;
    pulled.former_through = std::max(pulled.former_through, contains_all ? former.pushed_through : former.acked);
  }
  if (pulled.judgement.verdict == RowVerdict::kForked) {
    const bool contains_all = pulled.row->change_id >= meta.pushed_through;
    pulled.former_through = std::max(pulled.former_through, contains_all ? meta.pushed_through : meta.acked);
  }
  return pulled;
}

std::int64_t acknowledged_by(const PulledRow& pulled) {
  if (pulled.judgement.verdict == RowVerdict::kWentBack) return pulled.row.has_value() ? pulled.row->change_id : 0;
  return std::max(pulled.judgement.acknowledged, pulled.former_through);
}

void settle_identity(Meta& meta, const PulledRow& pulled, Environment& environment) {
  switch (pulled.judgement.verdict) {
    case RowVerdict::kKnown:
    case RowVerdict::kArrived: settle_acknowledged(meta, pulled); break;
    case RowVerdict::kForked: take_new_client_id(meta, environment); break;
    case RowVerdict::kWentBack: settle_went_back(meta, pulled); break;
  }
  meta.ack_table_known = pulled.has_ack_table || meta.known_row.has_value();
}

HeaderFields merge_header_fields(Meta& meta, const HeaderFields& live, const PulledRow& pulled) {
  const bool all_in_image = meta.acked >= meta.sent_through;
  const std::optional<HeaderFields> sent = meta.sent_fields;
  auto merge = [&](std::int32_t HeaderFields::*field) {
    const std::int32_t base = meta.base_fields.*field;
    const std::int32_t image = pulled.fields.*field;
    const std::int32_t here = live.*field;
    if (!sent.has_value()) return here == base ? image : here;
    if (here != (*sent).*field) return here;              // changed since it was sent
    return all_in_image || image != base ? image : here;  // pages from before the push say nothing about it
  };
  const HeaderFields merged{merge(&HeaderFields::user_version), merge(&HeaderFields::application_id)};
  if (all_in_image || pulled.fields != meta.base_fields) meta.sent_fields.reset();
  meta.base_fields = pulled.fields;
  return merged;
}

}  // namespace turso::sync

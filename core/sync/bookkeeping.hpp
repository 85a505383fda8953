// bookkeeping.hpp -- the bookkeeping tables of a staged image: what the pulled image has under our names is dropped,
// never read; then the tables are made anew as P has them and filled with the rows that are still needed.
//
//   turso_cdc and its sequence          rows above the floor; the sequence once, exact
//   turso_cdc_marks, turso_cdc_schema   what the retained rows need; a list of columns for every table with retained
//                                       rows whose columns differ between P and the image
//   turso_cdc_version, _held, _conflict all
//   turso_sync_meta, turso_sync_batch   by save_meta; facts that this version does not know are copied
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sqlite/connection.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

// Outside a transaction. Answers what was there, as "table turso_cdc".
Result<std::vector<std::string>> drop_bookkeeping_objects(sqlite::Connection& image);

// Inside transactions of both. `highest_id` is the highest change id of P ever given out.
Status copy_bookkeeping(sqlite::Connection& image, sqlite::Connection& live, const Meta& meta, std::int64_t floor,
                        std::int64_t highest_id);

}  // namespace turso::sync

// info_file.hpp -- P-info: what a replica is, for people and for tools that know the official client's file.
//
// FORMAT  one line of JSON with the official fields in their order (fields that mean nothing here have their empty
// value), then
//         "engine":"turso-sync", which tells our file from theirs. Derived from turso_sync_meta, never read for
//         facts: it may be deleted at will.
#pragma once

#include <string>

#include "base/result.hpp"
#include "sync/meta.hpp"

namespace turso::sync {

std::string info_text(const Meta& meta);

// Replaced by rename. Not synced: losing it loses nothing.
Status write_info(const std::string& path, const std::string& text);

// Whether the file is there and not ours.
bool is_foreign_info(const std::string& path);
bool is_foreign_info_text(std::string_view text);

}  // namespace turso::sync

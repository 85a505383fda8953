// page_selector.hpp -- sets of zero-based page ids in the portable Roaring format, all three container kinds.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace turso::wire {

// Half-open, ascending, not touching each other.
struct PageRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const PageRange&, const PageRange&) = default;
};

Bytes encode_page_range(std::uint32_t begin, std::uint32_t end);       // run containers
Bytes encode_page_list(const std::vector<std::uint32_t>& page_ids);    // sorted, array containers
Result<std::vector<PageRange>> decode_page_selector(ByteView bitmap);  // any mix; damage is kProtocol
bool selector_contains(const std::vector<PageRange>& ranges, std::uint32_t page_id);

}  // namespace turso::wire

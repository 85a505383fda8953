#include "wire/page_selector.hpp"
#include "fuzz/target.hpp"

// What is read is ascending, does not touch, and survives being written as a list.
TURSO_FUZZ_TARGET(page_selector) {
  auto ranges = turso::wire::decode_page_selector(bytes);
  if (!ranges) return;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < ranges->size(); ++i) {
    const turso::wire::PageRange& range = (*ranges)[i];
    TURSO_ASSERT(range.begin < range.end);
    TURSO_ASSERT(i == 0 || (*ranges)[i - 1].end < range.begin);
    TURSO_ASSERT(turso::wire::selector_contains(*ranges, range.begin));
    TURSO_ASSERT(!turso::wire::selector_contains(*ranges, range.end));
    auto one = turso::wire::decode_page_selector(turso::wire::encode_page_range(range.begin, range.end));
    TURSO_ASSERT(one.has_value());
    TURSO_ASSERT(*one == std::vector<turso::wire::PageRange>{range});
    total += range.end - range.begin;
  }
  if (total > 100'000) return;
  std::vector<std::uint32_t> ids;
  for (const auto& range : *ranges) {
    for (std::uint32_t id = range.begin; id < range.end; ++id) ids.push_back(id);
  }
  auto again = turso::wire::decode_page_selector(turso::wire::encode_page_list(ids));
  TURSO_ASSERT(again.has_value());
  TURSO_ASSERT(*again == *ranges);
}

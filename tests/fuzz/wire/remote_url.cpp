#include "fuzz/target.hpp"
#include "wire/url.hpp"

// What is accepted is stable and can be joined with a path.
TURSO_FUZZ_TARGET(remote_url) {
  auto url = turso::wire::normalize_remote_url(turso::as_text(bytes));
  if (!url) return;
  auto again = turso::wire::normalize_remote_url(*url);
  TURSO_ASSERT(again.has_value());
  TURSO_ASSERT(*again == *url);
  TURSO_ASSERT(turso::wire::join_url(*url, "/x").ends_with("/x"));
}

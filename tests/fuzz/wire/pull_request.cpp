#include "fuzz/target.hpp"
#include "wire/pull.hpp"

// What is read is written as a message that reads as the same.
TURSO_FUZZ_TARGET(pull_request) {
  auto request = turso::wire::decode_pull_request(bytes);
  if (!request) return;
  turso::Bytes written = turso::wire::encode_pull_request(*request);
  auto again = turso::wire::decode_pull_request(written);
  TURSO_ASSERT(again.has_value());
  TURSO_ASSERT(turso::wire::encode_pull_request(*again) == written);
}

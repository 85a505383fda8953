#include "fuzz/target.hpp"
#include "wire/pipeline.hpp"

// What is read is written as a text that reads as the same.
TURSO_FUZZ_TARGET(pipeline_request) {
  auto request = turso::wire::decode_pipeline_request(turso::as_text(bytes));
  if (!request) return;
  std::string written = turso::wire::encode_pipeline_request(*request);
  auto again = turso::wire::decode_pipeline_request(written);
  TURSO_ASSERT(again.has_value());
  TURSO_ASSERT(turso::wire::encode_pipeline_request(*again) == written);
}

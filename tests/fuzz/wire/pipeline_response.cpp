#include "fuzz/target.hpp"
#include "wire/pipeline.hpp"

// What is read is written as a text that reads as the same.
TURSO_FUZZ_TARGET(pipeline_response) {
  auto response = turso::wire::decode_pipeline_response(turso::as_text(bytes));
  if (!response) return;
  std::string written = turso::wire::encode_pipeline_response(*response);
  auto again = turso::wire::decode_pipeline_response(written);
  TURSO_ASSERT(again.has_value());
  TURSO_ASSERT(turso::wire::encode_pipeline_response(*again) == written);
}

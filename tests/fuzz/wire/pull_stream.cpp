#include <algorithm>
#include <string>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "fuzz/target.hpp"
#include "wire/pull.hpp"

namespace {

using turso::ByteView;

// Everything the decoder says about a body that comes in pieces of one size.
std::string transcript(ByteView body, std::size_t piece_bytes) {
  std::string out;
  turso::wire::PullStreamDecoder decoder(
      [&](const turso::wire::PullHeader& header) {
        out += turso::concat("header ", header.server_revision, " ", header.db_size, "\n");
        TURSO_ASSERT(turso::wire::decode_pull_header(turso::wire::encode_pull_header(header)).has_value());
        return turso::ok();
      },
      [&](std::uint64_t id, ByteView page) {
        out += turso::concat("page ", id, " ", turso::xxh64(page), "\n");
        return turso::ok();
      });
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    turso::Status fed = decoder.feed(body.subspan(at, std::min(piece_bytes, body.size() - at)));
    if (!fed) return out + fed.error().message;
  }
  turso::Status finished = decoder.finish();
  return finished ? out : out + finished.error().message;
}

}  // namespace

// How a body is cut into pieces changes nothing.
TURSO_FUZZ_TARGET(pull_stream) {
  std::string whole = transcript(bytes, std::max<std::size_t>(bytes.size(), 1));
  TURSO_ASSERT(transcript(bytes, bytes.size() > 1000 ? 61 : 1) == whole);
  TURSO_ASSERT(transcript(bytes, 4000) == whole);
}

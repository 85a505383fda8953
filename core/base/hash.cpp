#include "base/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace turso {

std::uint64_t xxh64(ByteView bytes, std::uint64_t seed) { return XXH64(bytes.data(), bytes.size(), seed); }

std::uint64_t xxh64(std::initializer_list<ByteView> pieces, std::uint64_t seed) {
  XXH64_state_t state;
  XXH64_reset(&state, seed);
  for (ByteView piece : pieces) {
    if (!piece.empty()) XXH64_update(&state, piece.data(), piece.size());
  }
  return XXH64_digest(&state);
}

}  // namespace turso

// hash.hpp -- XXH64, the sum of pages, headers and downloads (github.com/Cyan4973/xxHash, header-only).
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace turso {

std::uint64_t xxh64(ByteView bytes, std::uint64_t seed = 0);

// Several pieces hashed as one text.
std::uint64_t xxh64(std::initializer_list<ByteView> pieces, std::uint64_t seed = 0);

}  // namespace turso

// cipher.hpp -- how many bytes at the end of each page a remote's cipher reserves.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace turso::sync {

// The names of the official client, dashes and case as one likes. An unknown name is an error that lists them.
Result<std::uint32_t> reserved_bytes_of_cipher(std::string_view name);

}  // namespace turso::sync

// base64.hpp -- standard alphabet (RFC 4648 section 4), written without padding, read with or without.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace turso {

std::string encode_base64(ByteView bytes);
std::optional<Bytes> decode_base64(std::string_view text);  // nothing when a character or the length is wrong

}  // namespace turso

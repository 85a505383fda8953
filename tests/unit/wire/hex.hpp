// hex.hpp -- bytes as tests write them: "05 0a0130 1a00".
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace turso::wire {

inline Bytes from_hex(std::string_view text) {
  Bytes out;
  std::string digits;
  for (char c : text) {
    if (c != ' ') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16)));
  }
  return out;
}

}  // namespace turso::wire

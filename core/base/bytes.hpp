// bytes.hpp -- byte buffers, views, and fixed-width integers in files and streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turso {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes to_bytes(std::string_view text) {
  auto view = as_bytes(text);
  return {view.begin(), view.end()};
}
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

// Unaligned loads and stores. The caller guarantees that the bytes are there.
std::uint16_t load_u16_le(const std::uint8_t* p);
std::uint32_t load_u32_le(const std::uint8_t* p);
std::uint64_t load_u64_le(const std::uint8_t* p);
std::uint16_t load_u16_be(const std::uint8_t* p);
std::uint32_t load_u32_be(const std::uint8_t* p);
std::uint64_t load_u64_be(const std::uint8_t* p);
void store_u16_le(std::uint8_t* p, std::uint16_t value);
void store_u32_le(std::uint8_t* p, std::uint32_t value);
void store_u64_le(std::uint8_t* p, std::uint64_t value);
void store_u16_be(std::uint8_t* p, std::uint16_t value);
void store_u32_be(std::uint8_t* p, std::uint32_t value);
void store_u64_be(std::uint8_t* p, std::uint64_t value);

std::string to_hex(ByteView bytes);  // lower case, two digits a byte

}  // namespace turso

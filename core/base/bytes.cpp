#include "base/bytes.hpp"

namespace turso {

std::uint16_t load_u16_le(const std::uint8_t* p) {
  std::uint16_t value = 0;
  for (int i = 1; i >= 0; --i) value = static_cast<std::uint16_t>((value << 8) | p[i]);
  return value;
}

std::uint32_t load_u32_le(const std::uint8_t* p) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = static_cast<std::uint32_t>((value << 8) | p[i]);
  return value;
}

std::uint64_t load_u64_le(const std::uint8_t* p) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = static_cast<std::uint64_t>((value << 8) | p[i]);
  return value;
}

std::uint16_t load_u16_be(const std::uint8_t* p) {
  std::uint16_t value = 0;
  for (int i = 0; i < 2; ++i) value = static_cast<std::uint16_t>((value << 8) | p[i]);
  return value;
}

std::uint32_t load_u32_be(const std::uint8_t* p) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = static_cast<std::uint32_t>((value << 8) | p[i]);
  return value;
}

std::uint64_t load_u64_be(const std::uint8_t* p) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = static_cast<std::uint64_t>((value << 8) | p[i]);
  return value;
}

void store_u16_le(std::uint8_t* p, std::uint16_t value) {
  for (int i = 0; i < 2; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void store_u32_le(std::uint8_t* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void store_u64_le(std::uint8_t* p, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void store_u16_be(std::uint8_t* p, std::uint16_t value) {
  for (int i = 0; i < 2; ++i) p[1 - i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void store_u32_be(std::uint8_t* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[3 - i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void store_u64_be(std::uint8_t* p, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) p[7 - i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace turso

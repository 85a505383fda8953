#include "base/varint.hpp"

namespace turso {

void append_protobuf_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

Decoded decode_protobuf_varint(ByteView input) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < input.size() && i < kProtobufVarintBytesMax; ++i) {
    if (i == kProtobufVarintBytesMax - 1 && input[i] > 1) return {};
    value |= static_cast<std::uint64_t>(input[i] & 0x7f) << (7 * i);
    if ((input[i] & 0x80) == 0) return {value, i + 1};
  }
  return {};
}

std::size_t sqlite_varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (size < kSqliteVarintBytesMax && (value >>= 7) != 0) ++size;
  return size;
}

void append_sqlite_varint(Bytes& out, std::uint64_t value) {
  std::size_t size = sqlite_varint_size(value);
  std::size_t start = out.size();
  out.resize(start + size);
  if (size == kSqliteVarintBytesMax) {
    out[start + 8] = static_cast<std::uint8_t>(value);
    value >>= 8;
    for (std::size_t i = 8; i-- > 0; value >>= 7) out[start + i] = static_cast<std::uint8_t>((value & 0x7f) | 0x80);
    return;
  }
  for (std::size_t i = size; i-- > 0; value >>= 7) {
    out[start + i] = static_cast<std::uint8_t>((value & 0x7f) | (i + 1 == size ? 0 : 0x80));
  }
}

Decoded decode_sqlite_varint(ByteView input) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < input.size() && i < kSqliteVarintBytesMax; ++i) {
    if (i == kSqliteVarintBytesMax - 1) return {(value << 8) | input[i], i + 1};
    value = (value << 7) | (input[i] & 0x7f);
    if ((input[i] & 0x80) == 0) return {value, i + 1};
  }
  return {};
}

}  // namespace turso

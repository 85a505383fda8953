// varint.hpp -- the two variable-length integers of this project.
//
// FORMAT  protobuf varint: groups of 7 bits, least significant first, bit 7 set on all but the last byte.
//         SQLite varint:   groups of 7 bits, most significant first, bit 7 set on all but the last byte;
//                          a ninth byte, if reached, carries 8 bits (sqlite.org/fileformat2.html, section 1.6).
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace turso {

struct Decoded {
  std::uint64_t value = 0;
  std::size_t size_bytes = 0;  // 0: the input ends inside the number, or the number is too long
};

inline constexpr std::size_t kProtobufVarintBytesMax = 10;
inline constexpr std::size_t kSqliteVarintBytesMax = 9;

void append_protobuf_varint(Bytes& out, std::uint64_t value);
Decoded decode_protobuf_varint(ByteView input);

void append_sqlite_varint(Bytes& out, std::uint64_t value);
Decoded decode_sqlite_varint(ByteView input);
std::size_t sqlite_varint_size(std::uint64_t value);

}  // namespace turso

// protobuf.hpp -- protozero over our byte buffers, its exceptions turned into errors. For sources of wire/ only.
#pragma once

#include <protozero/basic_pbf_writer.hpp>
#include <protozero/buffer_tmpl.hpp>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/text.hpp"

namespace protozero {

// Lets a protozero writer append to turso::Bytes.
template <>
struct buffer_customization<turso::Bytes> {
  static std::size_t size(const turso::Bytes* buffer) noexcept { return buffer->size(); }
  static void append(turso::Bytes* buffer, const char* data, std::size_t count) {
    turso::append(*buffer, turso::as_bytes({data, count}));
  }
  static void append_zeros(turso::Bytes* buffer, std::size_t count) { buffer->resize(buffer->size() + count); }
  static void resize(turso::Bytes* buffer, std::size_t size) { buffer->resize(size); }
  // Growth stays geometric: reserving exactly would copy the whole answer at every page.
  static void reserve_additional(turso::Bytes*, std::size_t) {}
  static void erase_range(turso::Bytes* buffer, std::size_t from, std::size_t to) {
    buffer->erase(buffer->begin() + static_cast<std::ptrdiff_t>(from),
                  buffer->begin() + static_cast<std::ptrdiff_t>(to));
  }
  static char* at_pos(turso::Bytes* buffer, std::size_t pos) { return reinterpret_cast<char*>(buffer->data() + pos); }
  static void push_back(turso::Bytes* buffer, char ch) { buffer->push_back(static_cast<std::uint8_t>(ch)); }
};

}  // namespace protozero

namespace turso::wire {

using ProtobufWriter = protozero::basic_pbf_writer<Bytes>;

// How a field of these messages lies on the wire.
constexpr std::uint32_t varint_field(std::uint32_t tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t bytes_field(std::uint32_t tag) {
  return protozero::tag_and_type(tag, protozero::pbf_wire_type::length_delimited);
}

inline ByteView view_of(protozero::data_view data) { return as_bytes({data.data(), data.size()}); }

// Calls take(reader) once per field of `message`; take reads the field, or skips one that it does not know.
// `name` is what an error calls the message; tags up to `tag_max` are known, so their other wire types are damage.
template <typename Take>
Status read_fields(std::string_view name, ByteView message, std::uint32_t tag_max, Take take) {
  try {
    protozero::pbf_reader reader(reinterpret_cast<const char*>(message.data()), message.size());
    while (reader.next()) {
      TURSO_TRY(bool known, take(reader));
      if (known) continue;
      if (reader.tag() <= tag_max) {
        return Error{ErrorKind::kProtocol, concat(name, ": field ", reader.tag(), " has wire type ",
                                                  static_cast<std::uint32_t>(reader.wire_type()))};
      }
      reader.skip();
    }
  } catch (const protozero::exception& damage) {
    return Error{ErrorKind::kProtocol,
                 concat(name, " of ", message.size(), " bytes is no protobuf message: ", damage.what())};
  }
  return ok();
}

}  // namespace turso::wire

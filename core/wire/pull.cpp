#include "wire/pull.hpp"

#include "base/limits.hpp"
#include "base/varint.hpp"
#include "wire/protobuf.hpp"

// Field numbers; docs/protocol.md sections 2 and 3 have the same names.
namespace turso::wire {
namespace {

constexpr std::string_view kRequestName = "pull request";
constexpr std::uint32_t kRequestEncoding = 1;
constexpr std::uint32_t kRequestServerRevision = 2;
constexpr std::uint32_t kRequestClientRevision = 3;
constexpr std::uint32_t kRequestLongPollTimeoutMs = 4;
constexpr std::uint32_t kRequestServerPagesSelector = 5;
constexpr std::uint32_t kRequestClientPages = 6;  // reserved by the protocol: read over
constexpr std::uint32_t kRequestServerQuerySelector = 7;
constexpr std::uint32_t kRequestStreamKind = 8;

constexpr std::string_view kHeaderName = "pull header";
constexpr std::uint32_t kHeaderServerRevision = 1;
constexpr std::uint32_t kHeaderDbSize = 2;
constexpr std::uint32_t kHeaderRawEncoding = 3;
constexpr std::uint32_t kHeaderZstdEncoding = 4;
constexpr std::uint32_t kHeaderStreamKind = 5;
constexpr std::uint32_t kHeaderApplyMode = 6;
constexpr std::uint32_t kHeaderMvccLog = 7;  // ranges of a logical log: read over, such streams are refused
constexpr std::uint32_t kHeaderProtocol = 8;

constexpr std::string_view kPageName = "pull page";
constexpr std::uint32_t kPageId = 1;
constexpr std::uint32_t kPageImage = 2;

// SQLite counts pages from 1 up to 2^32 - 2; ids count from 0.
constexpr std::uint64_t kPageIdMax = 0xfffffffdu;

Result<std::string> read_text(std::string_view what, protozero::pbf_reader& reader) {
  std::string_view text = as_text(view_of(reader.get_view()));
  if (!is_valid_utf8(text)) return Error{ErrorKind::kProtocol, concat(what, " is not UTF-8: ", excerpt(text))};
  return std::string(text);
}

// Enumerations of which an unknown value would change what the bytes mean; all run from 0 to `max`.
template <typename Enum>
Result<Enum> read_enum(std::string_view what, Enum max, protozero::pbf_reader& reader) {
  std::uint64_t number = reader.get_uint64();
  if (number > static_cast<std::uint64_t>(max)) {
    return Error{ErrorKind::kProtocol,
                 concat(what, " ", number, " is unknown, expected at most ", static_cast<std::uint32_t>(max))};
  }
  return static_cast<Enum>(number);
}

template <typename Enum>
void write_enum(ProtobufWriter& writer, std::uint32_t tag, Enum value) {
  if (value != Enum{}) writer.add_uint32(tag, static_cast<std::uint32_t>(value));
}

void write_text(ProtobufWriter& writer, std::uint32_t tag, const std::string& text) {
  if (!text.empty()) writer.add_string(tag, text);
}

void write_bytes(ProtobufWriter& writer, std::uint32_t tag, ByteView bytes) {
  writer.add_bytes(tag, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<bool> read_request_field(PullRequest& request, protozero::pbf_reader& reader) {
  switch (reader.tag_and_type()) {
    case varint_field(kRequestEncoding): {
      TURSO_TRY(request.encoding, read_enum("pull request: encoding", PageEncoding::kZstd, reader));
      return true;
    }
    case bytes_field(kRequestServerRevision): {
      TURSO_TRY(request.server_revision, read_text("pull request: server_revision", reader));
      return true;
    }
    case bytes_field(kRequestClientRevision): {
      TURSO_TRY(request.client_revision, read_text("pull request: client_revision", reader));
      return true;
    }
    case varint_field(kRequestLongPollTimeoutMs): request.long_poll_timeout_ms = reader.get_uint32(); return true;
    case bytes_field(kRequestServerPagesSelector): {
      ByteView selector = view_of(reader.get_view());
      request.server_pages_selector.assign(selector.begin(), selector.end());
      return true;
    }
    case bytes_field(kRequestClientPages): reader.skip(); return true;
    case bytes_field(kRequestServerQuerySelector): {
      TURSO_TRY(request.server_query_selector, read_text("pull request: server_query_selector", reader));
      return true;
    }
    case varint_field(kRequestStreamKind): {
      TURSO_TRY(request.stream_kind, read_enum("pull request: stream kind", StreamKind::kMvccLogicalLog, reader));
      return true;
    }
    default: return false;
  }
}

Result<bool> read_header_field(PullHeader& header, protozero::pbf_reader& reader) {
  switch (reader.tag_and_type()) {
    case bytes_field(kHeaderServerRevision): {
      TURSO_TRY(header.server_revision, read_text("pull header: server_revision", reader));
      return true;
    }
    case varint_field(kHeaderDbSize): header.db_size = reader.get_uint64(); return true;
    case bytes_field(kHeaderRawEncoding): reader.skip(); return header.raw_encoding = true;
    case bytes_field(kHeaderZstdEncoding): reader.skip(); return header.zstd_encoding = true;
    case varint_field(kHeaderStreamKind): {
      TURSO_TRY(header.stream_kind, read_enum("pull header: stream kind", StreamKind::kMvccLogicalLog, reader));
      return true;
    }
    case varint_field(kHeaderApplyMode): {
      TURSO_TRY(header.apply_mode, read_enum("pull header: apply mode", ApplyMode::kReplaceBase, reader));
      return true;
    }
    case bytes_field(kHeaderMvccLog): reader.skip(); return true;
    case varint_field(kHeaderProtocol): {
      // A number that is not known describes a database of a later kind; its page streams stay page streams.
      std::uint64_t number = reader.get_uint64();
      header.protocol = number <= 2 ? static_cast<RemoteProtocol>(number) : RemoteProtocol::kPages;
      return true;
    }
    default: return false;
  }
}

}  // namespace

Bytes encode_pull_request(const PullRequest& request) {
  Bytes out;
  ProtobufWriter writer(out);
  write_enum(writer, kRequestEncoding, request.encoding);
  write_text(writer, kRequestServerRevision, request.server_revision);
  write_text(writer, kRequestClientRevision, request.client_revision);
  if (request.long_poll_timeout_ms != 0) writer.add_uint32(kRequestLongPollTimeoutMs, request.long_poll_timeout_ms);
  if (!request.server_pages_selector.empty()) {
    write_bytes(writer, kRequestServerPagesSelector, request.server_pages_selector);
  }
  write_text(writer, kRequestServerQuerySelector, request.server_query_selector);
  write_enum(writer, kRequestStreamKind, request.stream_kind);
  return out;
}

Result<PullRequest> decode_pull_request(ByteView message) {
  PullRequest request;
  TURSO_CHECK(read_fields(kRequestName, message, kRequestStreamKind,
                          [&](protozero::pbf_reader& reader) { return read_request_field(request, reader); }));
  return request;
}

Bytes encode_pull_header(const PullHeader& header) {
  Bytes out;
  ProtobufWriter writer(out);
  write_text(writer, kHeaderServerRevision, header.server_revision);
  if (header.db_size != 0) writer.add_uint64(kHeaderDbSize, header.db_size);
  if (header.raw_encoding) write_bytes(writer, kHeaderRawEncoding, {});
  if (header.zstd_encoding) write_bytes(writer, kHeaderZstdEncoding, {});
  write_enum(writer, kHeaderStreamKind, header.stream_kind);
  write_enum(writer, kHeaderApplyMode, header.apply_mode);
  write_enum(writer, kHeaderProtocol, header.protocol);
  return out;
}

Result<PullHeader> decode_pull_header(ByteView message) {
  PullHeader header;
  TURSO_CHECK(read_fields(kHeaderName, message, kHeaderProtocol,
                          [&](protozero::pbf_reader& reader) { return read_header_field(header, reader); }));
  if (header.server_revision.size() > limits::kRevisionBytesMax) {
    return Error{ErrorKind::kProtocol, concat("pull header: server_revision is ", header.server_revision.size(),
                                              " bytes, expected at most ", limits::kRevisionBytesMax)};
  }
  return header;
}

void append_page_message(Bytes& out, std::uint64_t page_id, ByteView page) {
  Bytes fields;  // what comes before the image; the image itself is copied once
  ProtobufWriter writer(fields);
  if (page_id != 0) writer.add_uint64(kPageId, page_id);
  append_protobuf_varint(fields, bytes_field(kPageImage));
  append_protobuf_varint(fields, page.size());
  append_protobuf_varint(out, fields.size() + page.size());
  append(out, fields);
  append(out, page);
}

Result<PageMessage> decode_page_message(ByteView message) {
  PageMessage page;
  TURSO_CHECK(read_fields(kPageName, message, kPageImage, [&](protozero::pbf_reader& reader) -> Result<bool> {
    switch (reader.tag_and_type()) {
      case varint_field(kPageId): page.page_id = reader.get_uint64(); return true;
      case bytes_field(kPageImage): page.page = view_of(reader.get_view()); return true;
      default: return false;
    }
  }));
  if (page.page_id > kPageIdMax) {
    return Error{ErrorKind::kProtocol,
                 concat("pull: page id ", page.page_id, " is beyond SQLite's last, ", kPageIdMax)};
  }
  if (page.page.size() != limits::kSyncPageSize) {
    return Error{ErrorKind::kProtocol, concat("pull: page ", page.page_id, " is ", page.page.size(),
                                              " bytes, expected ", limits::kSyncPageSize)};
  }
  return page;
}

}  // namespace turso::wire

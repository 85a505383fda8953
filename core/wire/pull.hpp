// pull.hpp -- POST /pull-updates: the request, the header, the pages (spec: docs/protocol.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace turso::wire {

enum class PageEncoding : std::uint8_t { kRaw = 0, kZstd = 1 };
enum class StreamKind : std::uint8_t { kPages = 0, kMvccLogicalLog = 1 };
enum class ApplyMode : std::uint8_t { kIncremental = 0, kReplaceBase = 1 };
enum class RemoteProtocol : std::uint8_t { kUnspecified = 0, kPages = 1, kMvccLogical = 2 };

struct PullRequest {
  PageEncoding encoding = PageEncoding::kRaw;
  std::string server_revision;  // pins the answer; empty: latest
  std::string client_revision;  // what the client has; empty: nothing
  std::uint32_t long_poll_timeout_ms = 0;
  Bytes server_pages_selector;  // portable Roaring bitmap of zero-based page ids; empty: all
  std::string server_query_selector;
  StreamKind stream_kind = StreamKind::kPages;
};

Bytes encode_pull_request(const PullRequest& request);  // proto3: defaults omitted; a bootstrap is 0 bytes
Result<PullRequest> decode_pull_request(ByteView message);

struct PullHeader {
  std::string server_revision;
  std::uint64_t db_size = 0;  // pages
  bool raw_encoding = false;
  bool zstd_encoding = false;
  StreamKind stream_kind = StreamKind::kPages;
  ApplyMode apply_mode = ApplyMode::kIncremental;
  RemoteProtocol protocol = RemoteProtocol::kUnspecified;
};

Bytes encode_pull_header(const PullHeader& header);       // without its length prefix
Result<PullHeader> decode_pull_header(ByteView message);  // unknown stream_kind or apply_mode: kProtocol

struct PageMessage {
  std::uint64_t page_id = 0;  // zero-based
  ByteView page;              // borrowed from the input
};

void append_page_message(Bytes& out, std::uint64_t page_id, ByteView page);  // with its length prefix
Result<PageMessage> decode_page_message(ByteView message);

// Splits a body that arrives in arbitrary pieces into header and pages.
//
// FORMAT   stream := { varint length, length bytes }*    first the header, then pages
// A length above limits::kMessageBytesMax is corruption, never an allocation.
class PullStreamDecoder {
 public:
  using OnHeader = std::function<Status(const PullHeader&)>;
  using OnPage = std::function<Status(std::uint64_t page_id, ByteView page)>;

  PullStreamDecoder(OnHeader on_header, OnPage on_page);
  Status feed(ByteView piece);  // after an error, of the stream or of a callback, nothing more may be fed
  Status finish();              // end of body: no header at all, or a message cut in the middle, is kProtocol
  bool has_header() const { return has_header_; }

 private:
  Status take_message(ByteView message);
  Status complete_pending(ByteView& piece);

  OnHeader on_header_;
  OnPage on_page_;
  Bytes pending_;  // the unfinished message, never more than one
  bool has_header_ = false;
  PullHeader header_;
};

}  // namespace turso::wire

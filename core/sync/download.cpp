#include "sync/download.hpp"

#include <algorithm>
#include <limits>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "wire/page_selector.hpp"

namespace turso::sync {
namespace {

constexpr std::string_view kPullPath = "/pull-updates";
constexpr std::string_view kProtobuf = "application/protobuf";
constexpr std::size_t kBodyBeginBytes = 64;  // of an answer, remembered to recognise what is not the protocol

Error protocol_error(std::string message) { return Error{ErrorKind::kProtocol, std::move(message)}; }

Status check_header(const wire::PullHeader& header) {
  if (header.protocol == wire::RemoteProtocol::kMvccLogical ||
      header.stream_kind == wire::StreamKind::kMvccLogicalLog) {
    Error error =
        protocol_error("the remote database is in MVCC mode (journal_mode=mvcc), a database in WAL mode is expected");
    error.condition = "remote_is_mvcc";
    return error;
  }
  if (header.server_revision.empty()) return protocol_error("the header of the answer has no revision");
  if (header.server_revision.size() > limits::kRevisionBytesMax) {
    return protocol_error(concat("the revision has ", header.server_revision.size(), " bytes, at most ",
                                 limits::kRevisionBytesMax, " expected"));
  }
  if (header.db_size > std::numeric_limits<std::uint32_t>::max() - 1) {
    return protocol_error(concat("the remote database has ", header.db_size, " pages, at most 4294967294 expected"));
  }
  return ok();
}

// Page 1 says what the database is; everything that could not be published later is refused here.
Status check_first_page(ByteView page) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (as_text(page.first(16)) != kMagic)
    return protocol_error("page 1 does not begin with the header of a SQLite database");
  std::uint32_t page_size = load_u16_be(page.data() + 16);
  if (page_size == 1) page_size = 65536;
  if (page_size != limits::kSyncPageSize) {
    return protocol_error(
        concat("the remote database has pages of ", page_size, " bytes, expected ", limits::kSyncPageSize));
  }
  std::uint32_t encoding = load_u32_be(page.data() + 56);
  if (encoding > 1)
    return protocol_error(concat("the remote database has text encoding ", encoding, ", expected 1 (UTF-8)"));
  return ok();
}

bool looks_like_html(std::string_view body) {
  auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return false;
  body.remove_prefix(begin);
  return starts_with_ignore_case(body, "<!doctype") || starts_with_ignore_case(body, "<html") ||
         starts_with_ignore_case(body, "<head") || starts_with_ignore_case(body, "<?xml");
}

// Reads one answer into the sink.
Task<Status> receive(HttpExchange* exchange, PageSink* sink) {
  Task<Status> success = await_success(exchange);
  TURSO_CO_CHECK(co_await success);

  wire::PullStreamDecoder decoder(
      [sink](const wire::PullHeader& header) { return sink->on_header(header); },
      [sink](std::uint64_t page_id, ByteView page) { return sink->on_page(page_id, page); });
  std::string begin;  // of the body
  Status decoded;
  for (;;) {
    TURSO_CO_TRY(HttpExchange::Piece piece, exchange->next_piece());
    if (piece.end) break;
    begin += as_text(piece.bytes).substr(0, kBodyBeginBytes - std::min(kBodyBeginBytes, begin.size()));
    decoded = decoder.feed(piece.bytes);
    if (!decoded.has_value()) break;
    co_await Park{piece.bytes.empty() ? RunState::kNeedsInput : RunState::kTurnEnded};
  }
  if (decoded.has_value()) decoded = decoder.finish();
  if (decoded.has_value()) co_return ok();
  Error error = std::move(decoded).error();
  if (error.kind == ErrorKind::kProtocol && looks_like_html(begin)) {
    error =
        protocol_error(concat("the answer is HTML (", excerpt(begin, kBodyBeginBytes), "), a page stream is expected"));
  }
  co_return std::move(error).in(exchange->name());
}

Task<Status> request_pages(HttpChannel channel, wire::PullRequest request, PageSink* sink) {
  HttpRequest http;
  http.path = kPullPath;
  http.media_type = kProtobuf;
  http.accept_encoding = true;
  http.body = wire::encode_pull_request(request);
  HttpExchange exchange(channel, std::move(http));
  Task<Status> received = receive(&exchange, sink);
  co_return co_await received;
}

}  // namespace

Status PageSink::on_header(const wire::PullHeader& header) {
  TURSO_CHECK(check_header(header));
  if (has_header_) {
    if (header.server_revision != download_.revision || header.db_size != download_.db_size) {
      return protocol_error(concat("a chunk of revision ", excerpt(header.server_revision), " with ", header.db_size,
                                   " pages, expected revision ", excerpt(download_.revision), " with ",
                                   download_.db_size));
    }
    return ok();
  }
  has_header_ = true;
  replace_ = plan_.from_revision.empty() || header.apply_mode == wire::ApplyMode::kReplaceBase;
  download_.revision = header.server_revision;
  download_.db_size = static_cast<std::uint32_t>(header.db_size);
  return ok();
}

Status PageSink::on_page(std::uint64_t page_id, ByteView page) {
  if (page.size() != limits::kSyncPageSize) {
    return protocol_error(
        concat("page ", page_id + 1, " is ", page.size(), " bytes, expected ", limits::kSyncPageSize));
  }
  if (page_id >= download_.db_size) {
    return protocol_error(concat("page ", page_id + 1, " of a database of ", download_.db_size, " pages"));
  }
  if (page_id == 0) TURSO_CHECK(check_first_page(page));
  if (!writer_) TURSO_CHECK(open_writer());
  ++download_.page_count;
  return writer_->add_page(static_cast<std::uint32_t>(page_id + 1), page);
}

Status PageSink::open_writer() {
  ChangesHeader header;
  header.page_size = limits::kSyncPageSize;
  header.replace = replace_;
  header.db_size = download_.db_size;
  header.nonce = plan_.nonce;
  header.from_revision = replace_ ? std::string() : plan_.from_revision;
  header.to_revision = download_.revision;
  TURSO_TRY(ChangesWriter writer, ChangesWriter::create(changes_path_, header, replace_ ? 0 : plan_.base_page_count));
  writer_.emplace(std::move(writer));
  // A complete image that the server chose to send needs nothing of what was there before.
  if (plan_.top_up == nullptr || replace_ != plan_.top_up->header().replace) return ok();
  Bytes image(limits::kSyncPageSize);
  for (std::uint32_t page : plan_.top_up->pages()) {
    if (page > download_.db_size) break;
    TURSO_TRY(bool found, plan_.top_up->read_page(page, image));
    TURSO_ASSERT(found);
    TURSO_CHECK(writer_->add_page(page, image));
  }
  return ok();
}

Result<std::uint64_t> PageSink::finish() {
  if (!writer_) TURSO_CHECK(open_writer());
  TURSO_TRY(std::uint64_t ident, writer_->finish());
  writer_.reset();
  return ident;
}

Task<Status> download_pages(HttpChannel channel, PageSink* sink) {
  wire::PullRequest request;
  request.client_revision =
      sink->plan().top_up ? sink->plan().top_up->header().to_revision : sink->plan().from_revision;
  // A server that does not know the revision of the kept download answers with everything, which is right as well.
  bool whole = request.client_revision.empty();
  std::uint32_t chunk = 0;
  if (whole && sink->plan().chunk_bytes != 0) {
    std::size_t pages = (sink->plan().chunk_bytes + limits::kSyncPageSize - 1) / limits::kSyncPageSize;
    chunk = static_cast<std::uint32_t>(std::min<std::size_t>(pages, std::numeric_limits<std::uint32_t>::max() / 2));
    request.server_pages_selector = wire::encode_page_range(0, chunk);
  }
  if (!whole) request.long_poll_timeout_ms = sink->plan().long_poll_timeout_ms;
  Task<Status> first = request_pages(channel, request, sink);
  TURSO_CO_CHECK(co_await first);

  request.server_revision = sink->download().revision;
  for (std::uint64_t begin = chunk; chunk != 0 && begin < sink->download().db_size; begin += chunk) {
    std::uint64_t before = sink->download().page_count;
    std::uint64_t end = std::min<std::uint64_t>(begin + chunk, sink->download().db_size);
    request.server_pages_selector =
        wire::encode_page_range(static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end));
    Task<Status> next = request_pages(channel, request, sink);
    TURSO_CO_CHECK(co_await next);
    // Without this a server that lies about its size would be asked for ever. One page may be the lock-byte page.
    if (sink->download().page_count == before && end - begin > 1) {
      co_return protocol_error(concat(channel.url, kPullPath, ": no pages in [", begin, ", ", end,
                                      ") of a database of ", sink->download().db_size, " pages"));
    }
  }
  co_return ok();
}

}  // namespace turso::sync

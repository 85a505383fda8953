#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "base/varint.hpp"
#include "wire/pull.hpp"

namespace turso::wire {
namespace {

// The official client reads at most this much of a length; a longer one is damage even when it means a small number.
constexpr std::size_t kLengthBytesMax = 9;

// Nothing: the length goes on in a later piece.
Result<std::optional<Decoded>> decode_length(ByteView input) {
  Decoded length = decode_protobuf_varint(input.first(std::min(input.size(), kLengthBytesMax)));
  if (length.size_bytes == 0) {
    if (input.size() < kLengthBytesMax) return std::optional<Decoded>();
    return Error{ErrorKind::kProtocol,
                 concat("pull: the length of a message takes more than ", kLengthBytesMax, " bytes")};
  }
  if (length.value > limits::kMessageBytesMax) {
    return Error{ErrorKind::kProtocol,
                 concat("pull: a message of ", length.value, " bytes, expected at most ", limits::kMessageBytesMax)};
  }
  return std::optional<Decoded>(length);
}

Status check_carries_raw_pages(const PullHeader& header) {
  if (header.stream_kind != StreamKind::kPages) {
    return Error{ErrorKind::kProtocol, "pull: the body is a logical log, expected pages"};
  }
  if (header.raw_encoding && header.zstd_encoding) {
    return Error{ErrorKind::kProtocol, "pull: the header announces two encodings of pages, raw and zstd, expected one"};
  }
  if (header.zstd_encoding)
    return Error{ErrorKind::kProtocol, "pull: pages are compressed with zstd, expected raw pages"};
  if (!header.raw_encoding) {
    return Error{ErrorKind::kProtocol, "pull: a page follows a header that announces no encoding of pages"};
  }
  if (header.db_size == 0) {
    return Error{ErrorKind::kProtocol, "pull: a page follows a header that announces a database of 0 pages"};
  }
  return ok();
}

}  // namespace

PullStreamDecoder::PullStreamDecoder(OnHeader on_header, OnPage on_page)
    : on_header_(std::move(on_header)), on_page_(std::move(on_page)) {}

Status PullStreamDecoder::take_message(ByteView message) {
  if (!has_header_) {
    TURSO_TRY(header_, decode_pull_header(message));
    has_header_ = true;
    return on_header_(header_);
  }
  TURSO_TRY(PageMessage page, decode_page_message(message));
  return on_page_(page.page_id, page.page);
}

Status PullStreamDecoder::feed(ByteView piece) {
  while (!piece.empty()) {
    // Before the length is looked at: what follows the header of a logical log has no framing.
    if (has_header_) TURSO_CHECK(check_carries_raw_pages(header_));
    if (pending_.empty()) {
      TURSO_TRY(std::optional<Decoded> length, decode_length(piece));
      std::size_t size = length ? length->size_bytes + static_cast<std::size_t>(length->value) : piece.size() + 1;
      if (size <= piece.size()) {  // the common case: whole in this piece, not copied
        TURSO_CHECK(take_message(piece.subspan(length->size_bytes, size - length->size_bytes)));
        piece = piece.subspan(size);
        continue;
      }
      append(pending_, piece);
      return ok();
    }
    TURSO_CHECK(complete_pending(piece));
  }
  return ok();
}

// Moves from `piece` what the unfinished message still needs, and takes the message once it is whole.
Status PullStreamDecoder::complete_pending(ByteView& piece) {
  std::size_t before = pending_.size();
  append(pending_, piece.first(std::min(piece.size(), kLengthBytesMax)));
  TURSO_TRY(std::optional<Decoded> length, decode_length(pending_));
  pending_.resize(before);
  std::size_t missing = length ? length->size_bytes + static_cast<std::size_t>(length->value) - before : piece.size();
  std::size_t taken = std::min(missing, piece.size());
  append(pending_, piece.first(taken));
  piece = piece.subspan(taken);
  if (!length || taken < missing) return ok();
  TURSO_CHECK(take_message(ByteView(pending_).subspan(length->size_bytes)));
  pending_.clear();
  return ok();
}

Status PullStreamDecoder::finish() {
  if (!has_header_ && pending_.empty()) {
    return Error{ErrorKind::kProtocol, "pull: the body ends before its header"};
  }
  if (!pending_.empty()) {
    return Error{ErrorKind::kProtocol,
                 concat("pull: the body ends inside a message, ", pending_.size(), " bytes into it")};
  }
  return ok();
}

}  // namespace turso::wire

#include "sync/http.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"

namespace turso::sync {
namespace {

std::shared_ptr<IoItem> make_item(const HttpChannel& channel, HttpRequest request) {
  auto item = std::make_shared<IoItem>();
  item->kind = IoKind::kHttp;
  item->url = channel.url;
  item->method = "POST";
  item->path = std::move(request.path);
  item->headers.emplace_back("content-type", request.media_type);
  if (request.accept_encoding) item->headers.emplace_back("accept-encoding", request.media_type);
  if (!channel.encryption_key.empty()) item->headers.emplace_back("x-turso-encryption-key", channel.encryption_key);
  item->body = std::move(request.body);
  channel.counters->sent_bytes += static_cast<std::int64_t>(item->body.size());
  return item;
}

bool speaks_of_timeout(std::string_view reason) {
  std::string lower = to_lower(reason);
  return lower.find("timeout") != std::string::npos || lower.find("timed out") != std::string::npos;
}

}  // namespace

HttpExchange::HttpExchange(const HttpChannel& channel, HttpRequest request)
    : name_(concat("POST ", channel.url, request.path)),
      counters_(channel.counters),
      lease_(channel.queue, make_item(channel, std::move(request))) {}

Error HttpExchange::failure(ErrorKind kind, std::string_view what) const {
  return Error{kind, concat(name_, ": ", what)};
}

Result<std::optional<int>> HttpExchange::status() {
  IoItem::Progress progress = lease_.item().progress();
  if (progress.poison) {
    return failure(speaks_of_timeout(*progress.poison) ? ErrorKind::kTimeout : ErrorKind::kNetwork,
                   excerpt(*progress.poison, limits::kErrorBodyExcerptBytes));
  }
  if (!progress.status && progress.done) {
    return failure(ErrorKind::kProtocol, "the answer ended without an HTTP status");
  }
  return progress.status;
}

Result<HttpExchange::Piece> HttpExchange::next_piece() {
  TURSO_TRY(std::optional<int> ignored, status());
  static_cast<void>(ignored);
  // Asked before the bytes are taken: the host may push its last piece and say done in between.
  bool done = lease_.item().progress().done;
  Piece piece;
  piece.bytes = lease_.item().take(limits::kResumeInputBytes);
  piece.end = done && piece.bytes.empty();
  counters_->received_bytes += static_cast<std::int64_t>(piece.bytes.size());
  return piece;
}

Task<Status> await_success(HttpExchange* exchange) {
  std::optional<int> status;
  for (;;) {
    TURSO_CO_TRY(status, exchange->status());
    if (status) break;
    co_await Park{};
  }
  if (*status == 200) co_return ok();

  std::string body;
  while (body.size() < limits::kErrorBodyExcerptBytes) {
    TURSO_CO_TRY(HttpExchange::Piece piece, exchange->next_piece());
    if (piece.end) break;
    if (piece.bytes.empty()) co_await Park{};
    body += as_text(piece.bytes);
  }
  Error error{*status == 401 || *status == 403 ? ErrorKind::kAuth : ErrorKind::kServer,
              concat(exchange->name(), ": remote server returned an error: status=", *status,
                     ", body=", excerpt(body, limits::kErrorBodyExcerptBytes))};
  error.http_status = *status;
  co_return error;
}

Task<Result<std::string>> read_body(HttpExchange* exchange, std::size_t size_max) {
  std::string body;
  for (;;) {
    TURSO_CO_TRY(HttpExchange::Piece piece, exchange->next_piece());
    if (piece.end) break;
    body += as_text(piece.bytes);
    if (body.size() > size_max) {
      co_return Error{ErrorKind::kProtocol,
                      concat(exchange->name(), ": the answer has more than ", size_max, " bytes")};
    }
    co_await Park{piece.bytes.empty() ? RunState::kNeedsInput : RunState::kTurnEnded};
  }
  co_return body;
}

}  // namespace turso::sync

#include "server/pull_desk.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "base/varint.hpp"
#include "sqlite/page_source.hpp"
#include "wire/page_selector.hpp"

namespace turso::server {
namespace {

class PageStream final : public BodyStream {
 public:
  PageStream(std::shared_ptr<Snapshot> snapshot, std::vector<std::uint32_t> pages)
      : snapshot_(std::move(snapshot)), pages_(std::move(pages)), image_(limits::kSyncPageSize) {}

  Result<bool> next(Bytes& out) override {
    if (!header_sent_) {
      header_sent_ = true;
      append_header(out);
      return true;
    }
    if (position_ == pages_.size()) return false;
    std::size_t end = std::min(pages_.size(), position_ + limits::kPullPiecePages);
    for (; position_ < end; ++position_) {
      TURSO_CHECK(snapshot_->read_page(pages_[position_], image_));
      wire::append_page_message(out, pages_[position_] - 1, image_);
    }
    return true;
  }

 private:
  void append_header(Bytes& out) const {
    wire::PullHeader header;
    header.server_revision = snapshot_->revision.token();
    header.db_size = snapshot_->empty && pages_.empty() ? 0 : snapshot_->page_count;
    header.raw_encoding = true;
    header.protocol = wire::RemoteProtocol::kPages;
    Bytes message = wire::encode_pull_header(header);
    append_protobuf_varint(out, message.size());
    append(out, message);
  }

  std::shared_ptr<Snapshot> snapshot_;
  std::vector<std::uint32_t> pages_;  // numbers from 1, ascending
  Bytes image_;
  std::size_t position_ = 0;
  bool header_sent_ = false;
};

// The counter from which on this client needs changes; nothing: it needs every page.
std::optional<std::uint64_t> known_counter(const std::string& client_revision, const Revision& now) {
  auto known = Revision::parse(client_revision);
  if (!known || known->lineage != now.lineage || known->counter > now.counter) return std::nullopt;
  return known->counter;
}

Status check_offered(const wire::PullRequest& request) {
  if (request.stream_kind == wire::StreamKind::kPages) return ok();
  return Error{ErrorKind::kProtocol, "pull: stream kind 1 (MVCC logical log) is not offered, expected 0 (pages)"};
}

Error revision_gone(const std::string& token) {
  Error error{ErrorKind::kServer, concat("pull: revision ", excerpt(token, 60), " is not held any more; begin anew")};
  error.condition = "revision_expired";
  return error;
}

}  // namespace

Result<bool> PullDesk::would_wait(const wire::PullRequest& request) {
  if (request.long_poll_timeout_ms == 0 || !request.server_revision.empty() || request.client_revision.empty())
    return false;
  TURSO_CHECK(database_.absorb());
  return request.client_revision == database_.revision().token();
}

Result<std::unique_ptr<BodyStream>> PullDesk::answer(const wire::PullRequest& request) {
  TURSO_CHECK(check_offered(request));
  std::vector<wire::PageRange> selected;
  bool everything = request.server_pages_selector.empty();
  if (!everything) {
    auto decoded = wire::decode_page_selector(request.server_pages_selector);
    if (!decoded.has_value()) return std::move(decoded.error()).in("pull: page selector");
    selected = std::move(*decoded);
  }
  expire();
  std::shared_ptr<Snapshot> snapshot;
  if (!request.server_revision.empty()) {
    TURSO_TRY(snapshot, pinned(request.server_revision));
  } else {
    TURSO_TRY(snapshot, database_.snapshot());
    if (!everything) pin(snapshot);
  }

  std::vector<std::uint32_t> pages;
  const Revision& revision = snapshot->revision;
  auto known = known_counter(request.client_revision, revision);
  // A pinned snapshot of a lineage that has ended is not described by the map any more.
  if (known && database_.revision().lineage == revision.lineage) {
    pages = database_.map().changed_after(*known, snapshot->page_count);
  } else if (!snapshot->empty || !request.client_revision.empty()) {
    pages.reserve(snapshot->page_count);
    for (std::uint32_t page = 1; page <= snapshot->page_count; ++page) pages.push_back(page);
  }
  std::uint32_t lock_byte_page = sqlite::lock_byte_page(limits::kSyncPageSize);
  std::erase_if(pages, [&](std::uint32_t page) {
    return page == lock_byte_page || (!everything && !wire::selector_contains(selected, page - 1));
  });
  return std::unique_ptr<BodyStream>(std::make_unique<PageStream>(std::move(snapshot), std::move(pages)));
}

Result<std::shared_ptr<Snapshot>> PullDesk::pinned(const std::string& token) {
  auto revision = Revision::parse(token);
  if (!revision) return revision_gone(token);
  auto found = pins_.find({revision->lineage, revision->counter});
  if (found != pins_.end()) {
    found->second.expires_ms = environment_->unix_time_ms() + limits::kServerPinIdleMs;
    return found->second.snapshot;
  }
  // Nothing has happened since: the present is what was asked for.
  TURSO_TRY(std::shared_ptr<Snapshot> snapshot, database_.snapshot());
  if (snapshot->revision != *revision) return revision_gone(token);
  pin(snapshot);
  return snapshot;
}

void PullDesk::pin(std::shared_ptr<Snapshot> snapshot) {
  if (pins_.size() >= limits::kServerPinsMax) {
    auto oldest = std::min_element(pins_.begin(), pins_.end(), [](const auto& a, const auto& b) {
      return a.second.expires_ms < b.second.expires_ms;
    });
    pins_.erase(oldest);
  }
  auto key = std::pair{snapshot->revision.lineage, snapshot->revision.counter};
  pins_[key] = {std::move(snapshot), environment_->unix_time_ms() + limits::kServerPinIdleMs};
}

void PullDesk::expire() {
  std::int64_t now = environment_->unix_time_ms();
  std::erase_if(pins_, [&](const auto& entry) { return entry.second.expires_ms <= now; });
}

std::optional<std::int64_t> PullDesk::next_expiry() const {
  std::optional<std::int64_t> next;
  for (const auto& [key, pin] : pins_) next = std::min(next.value_or(pin.expires_ms), pin.expires_ms);
  return next;
}

}  // namespace turso::server

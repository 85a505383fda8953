#include "sync/io_queue.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace turso::sync {

Status IoItem::set_status(int status) {
  if (status < 100 || status > 599)
    return Error{ErrorKind::kMisuse, concat("HTTP status ", status, ", expected 100 to 599")};
  std::lock_guard lock(mutex_);
  status_ = status;
  return ok();
}

Status IoItem::push_buffer(ByteView chunk) {
  std::lock_guard lock(mutex_);
  if (done_) return Error{ErrorKind::kMisuse, concat(chunk.size(), " bytes pushed into a request that is done")};
  received_ += chunk.size();
  if (abandoned_ || chunk.empty()) return ok();
  buffers_.emplace_back(chunk.begin(), chunk.end());
  buffered_ += chunk.size();
  return ok();
}

Status IoItem::done() {
  std::lock_guard lock(mutex_);
  done_ = true;
  return ok();
}

Status IoItem::poison(std::string_view reason) {
  std::lock_guard lock(mutex_);
  if (!poison_) poison_ = reason;
  done_ = true;
  buffers_.clear();
  buffered_ = 0;
  return ok();
}

std::size_t IoItem::received_bytes() const {
  std::lock_guard lock(mutex_);
  return received_;
}

IoItem::Progress IoItem::progress() const {
  std::lock_guard lock(mutex_);
  return Progress{status_, done_, poison_, buffered_};
}

Bytes IoItem::take(std::size_t limit) {
  std::lock_guard lock(mutex_);
  Bytes out;
  out.reserve(std::min(limit, buffered_));
  while (out.size() < limit && !buffers_.empty()) {
    const Bytes& front = buffers_.front();
    std::size_t count = std::min(limit - out.size(), front.size() - front_offset_);
    append(out, ByteView(front).subspan(front_offset_, count));
    front_offset_ += count;
    if (front_offset_ == front.size()) {
      buffers_.pop_front();
      front_offset_ = 0;
    }
  }
  buffered_ -= out.size();
  return out;
}

void IoItem::abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  buffers_.clear();
  front_offset_ = 0;
  buffered_ = 0;
}

void IoQueue::push(std::shared_ptr<IoItem> item) {
  std::lock_guard lock(mutex_);
  items_.push_back(std::move(item));
}

std::shared_ptr<IoItem> IoQueue::take() {
  std::lock_guard lock(mutex_);
  if (items_.empty()) return nullptr;
  auto item = std::move(items_.front());
  items_.pop_front();
  return item;
}

void IoQueue::withdraw(const IoItem* item) {
  std::lock_guard lock(mutex_);
  std::erase_if(items_, [item](const auto& queued) { return queued.get() == item; });
}

IoLease::IoLease(std::shared_ptr<IoQueue> queue, std::shared_ptr<IoItem> item)
    : queue_(std::move(queue)), item_(std::move(item)) {
  queue_->push(item_);
}

IoLease::~IoLease() {
  if (item_ == nullptr) return;
  queue_->withdraw(item_.get());
  item_->abandon();
}

}  // namespace turso::sync

#include "cdc/spill_buffer.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace turso::cdc {

Status SpillBuffer::append(ByteView piece) {
  // Room is taken before anything changes: an allocation that fails leaves the pieces whole.
  turso::append(memory_, piece);
  if (memory_.size() > memory_bytes_max_) return spill();
  return ok();
}

Status SpillBuffer::spill() {
  if (!file_.is_open()) {
    TURSO_TRY(file_, File::anonymous(directory_));
  }
  TURSO_CHECK(file_.write_at(spilled_, memory_));
  spilled_ += memory_.size();
  memory_.clear();
  return ok();
}

void SpillBuffer::truncate(std::uint64_t size) {
  TURSO_ASSERT(size <= this->size());
  if (size >= spilled_) {
    memory_.resize(static_cast<std::size_t>(size - spilled_));
    return;
  }
  spilled_ = size;  // what lies above in the file is written over
  memory_.clear();
}

void SpillBuffer::clear() {
  file_ = File();
  spilled_ = 0;
  memory_.clear();
  if (memory_.capacity() > limits::kSpillWindowBytes) memory_.shrink_to_fit();
}

Result<ByteView> SpillBuffer::Reader::read(std::uint64_t offset, std::size_t size) {
  TURSO_ASSERT(offset + size <= buffer_->size());
  if (offset >= buffer_->spilled_)
    return ByteView(buffer_->memory_).subspan(static_cast<std::size_t>(offset - buffer_->spilled_), size);

  TURSO_ASSERT(offset + size <= buffer_->spilled_);
  if (offset < window_at_ || offset + size > window_at_ + window_.size()) {
    std::uint64_t rest = buffer_->spilled_ - offset;
    std::uint64_t wanted = std::max<std::uint64_t>(size, limits::kSpillWindowBytes);
    window_.resize(static_cast<std::size_t>(std::min(rest, wanted)));
    window_at_ = offset;
    Status status = buffer_->file_.read_at(offset, window_);
    if (!status.has_value()) {
      window_.clear();
      return std::move(status).error();
    }
  }
  return ByteView(window_).subspan(static_cast<std::size_t>(offset - window_at_), size);
}

}  // namespace turso::cdc

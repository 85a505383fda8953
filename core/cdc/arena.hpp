// arena.hpp -- all captured rows of a transaction, in the order of the writes, until it ends.
//
// A Position names a border between two rows; savepoints and statements remember one and truncate to it.
#pragma once

#include "cdc/change.hpp"
#include "cdc/spill_buffer.hpp"

namespace turso::cdc {

class Arena {
 public:
  struct Position {
    std::uint64_t offset = 0;
    std::int64_t rows = 0;

    friend bool operator==(const Position&, const Position&) = default;
  };

  Arena(std::string directory, std::size_t memory_bytes_max) : bytes_(std::move(directory), memory_bytes_max) {}

  Position end() const { return {bytes_.size(), rows_}; }
  std::uint64_t spilled() const { return bytes_.spilled(); }

  Status append(const Change& change);
  void truncate(Position position);
  void clear();

  // Reads rows [from, end). The fields of a change live until the next one is read.
  class Cursor {
   public:
    Cursor(const Arena& arena, Position from) : arena_(&arena), at_(from), reader_(arena.bytes_) {}
    bool at_end() const { return at_.rows >= arena_->rows_; }
    std::int64_t row() const { return at_.rows; }
    Result<Change> next();

   private:
    const Arena* arena_;
    Position at_;
    SpillBuffer::Reader reader_;
  };

 private:
  SpillBuffer bytes_;
  std::int64_t rows_ = 0;
  Bytes scratch_;
};

}  // namespace turso::cdc

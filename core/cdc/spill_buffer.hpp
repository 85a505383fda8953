// spill_buffer.hpp -- a growing sequence of bytes: its end in memory, its older part in an anonymous file.
//
// A transaction may change ten million rows and RETURNING may give as many; neither may take gigabytes of memory.
// append() adds one piece; when the memory part is above its limit the whole of it moves to the file. A piece never
// lies on both sides, so that read() can always answer with one view. truncate() takes back the newest pieces.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace turso::cdc {

class SpillBuffer {
 public:
  SpillBuffer(std::string directory, std::size_t memory_bytes_max)
      : directory_(std::move(directory)), memory_bytes_max_(memory_bytes_max) {}

  std::uint64_t size() const { return spilled_ + memory_.size(); }
  std::uint64_t spilled() const { return spilled_; }

  Status append(ByteView piece);
  void truncate(std::uint64_t size);  // to the border of a piece
  void clear();                       // and gives the file and the memory back

  // Reads within one piece. A view lives until the next read of the same Reader or change of the buffer.
  class Reader {
   public:
    explicit Reader(const SpillBuffer& buffer) : buffer_(&buffer) {}
    Result<ByteView> read(std::uint64_t offset, std::size_t size);

   private:
    const SpillBuffer* buffer_;
    std::uint64_t window_at_ = 0;
    Bytes window_;  // bytes [window_at_, window_at_ + size) of the file
  };

 private:
  Status spill();

  std::string directory_;
  std::size_t memory_bytes_max_;
  File file_;                  // bytes [0, spilled_)
  std::uint64_t spilled_ = 0;  // where the memory part begins
  Bytes memory_;
};

}  // namespace turso::cdc

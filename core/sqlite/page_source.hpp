// page_source.hpp -- one layer of a database image: pages by number, each with a sum known in advance.
//
// Page numbers count from 1. page_sum(p, data) = XXH64(data, seed p): equal pages at different places differ.
// The lock-byte page (number 0x40000000 / page_size + 1) exists in every image that reaches 1 GiB. SQLite
// keeps its locks there, so it is never stored, compared, sent or published, and reads as zeros.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace turso::sqlite {

std::uint64_t page_sum(std::uint32_t page, ByteView data);
std::uint64_t zero_page_sum(std::uint32_t page, std::uint32_t page_size);

// Where the lock-byte page of this page size is now; tests move it with SQLITE_TESTCTRL_PENDING_BYTE.
std::uint32_t lock_byte_page(std::uint32_t page_size);

// Moves the lock-byte page of the whole process, SQLite's and ours; tests only, before any file is opened.
void set_lock_byte_offset_for_tests(std::uint32_t offset);

class PageSource {
 public:
  virtual ~PageSource() = default;

  // false: this layer does not hold the page. Otherwise `out` (one page) is filled, and its sum was checked:
  // an error means that the layer is damaged or cannot be read.
  virtual Result<bool> read_page(std::uint32_t page, MutableByteView out) = 0;

  // The sum the page must have, without reading it; nothing when this layer does not hold the page.
  virtual std::optional<std::uint64_t> page_sum(std::uint32_t page) const = 0;
};

}  // namespace turso::sqlite

#include "sqlite/page_source.hpp"

#include <atomic>

#include "base/hash.hpp"
#include "sqlite/sqlite_unit.h"

namespace turso::sqlite {
namespace {
std::atomic<std::uint32_t> lock_byte_offset{0x40000000};
}

std::uint64_t page_sum(std::uint32_t page, ByteView data) { return xxh64(data, page); }

std::uint64_t zero_page_sum(std::uint32_t page, std::uint32_t page_size) { return xxh64(Bytes(page_size), page); }

std::uint32_t lock_byte_page(std::uint32_t page_size) { return lock_byte_offset.load() / page_size + 1; }

void set_lock_byte_offset_for_tests(std::uint32_t offset) {
  lock_byte_offset.store(offset);
  sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, offset);
}

}  // namespace turso::sqlite

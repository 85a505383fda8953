// page_selector.cpp -- the portable Roaring format (github.com/RoaringBitmap/RoaringFormatSpec), all numbers
// little-endian.
//
// FORMAT   bitmap    := head description* offset* container*        ids of one high half share a container
//          head      := u32 12346, u32 count                        no run container among them
//                     | u32 12347 + ((count - 1) << 16), bit[count] is_run, padded to bytes
//          description := u16 high half of the ids, u16 cardinality - 1          ascending by the first
//          offset    := u32 where the container starts              left out with 12347 and count < 4
//          container := u16 run_count, { u16 first, u16 length - 1 }*            is_run
//                     | u16 id *                                    else, cardinality <= 4096: ascending
//                     | bit[65536]                                  else
#include "wire/page_selector.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "base/text.hpp"

namespace turso::wire {
namespace {

constexpr std::uint32_t kCookieNoRuns = 12346;
constexpr std::uint32_t kCookieRuns = 12347;
constexpr std::uint32_t kContainersMax = 1 << 16;
constexpr std::uint32_t kIdsPerContainer = 1 << 16;
constexpr std::uint32_t kArrayIdsMax = 4096;
constexpr std::uint32_t kOffsetsFromContainers = 4;  // where run containers exist, fewer containers have no offsets
constexpr std::size_t kBitmapBytes = kIdsPerContainer / 8;

void append_u16(Bytes& out, std::uint32_t value) {
  TURSO_ASSERT(value <= 0xffff);
  out.resize(out.size() + 2);
  store_u16_le(&out[out.size() - 2], static_cast<std::uint16_t>(value));
}

void append_u32(Bytes& out, std::size_t value) {
  out.resize(out.size() + 4);
  store_u32_le(&out[out.size() - 4], static_cast<std::uint32_t>(value));
}

Error damage(std::string_view what) { return {ErrorKind::kProtocol, concat("page selector: ", what)}; }

// Takes fixed-width numbers off the front; `position` is how far it came.
class Reader {
 public:
  explicit Reader(ByteView input) : input_(input) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return input_.size() - position_; }

  Result<ByteView> take(std::size_t size_bytes) {
    if (size_bytes > left()) {
      return damage(concat("ends at byte ", input_.size(), ", expected at least ", position_ + size_bytes));
    }
    position_ += size_bytes;
    return input_.subspan(position_ - size_bytes, size_bytes);
  }
  Result<std::uint32_t> u16() {
    TURSO_TRY(ByteView bytes, take(2));
    return load_u16_le(bytes.data());
  }
  Result<std::uint32_t> u32() {
    TURSO_TRY(ByteView bytes, take(4));
    return load_u32_le(bytes.data());
  }

 private:
  ByteView input_;
  std::size_t position_ = 0;
};

struct Container {
  std::uint32_t high = 0;         // the upper half of its ids
  std::uint32_t cardinality = 0;  // 1 .. 65536
  bool is_run = false;
};

// Collects ids in ascending order, joining those that touch. The last id of 32 bits belongs to no page of
// SQLite and would need a range end beyond 32 bits: it is left out, so that a full bitmap means all pages.
class Ranges {
 public:
  void add(std::uint64_t begin, std::uint64_t end) {
    end = std::min<std::uint64_t>(end, 0xffffffffu);
    if (begin >= end) return;
    if (!ranges_.empty() && ranges_.back().end == begin) {
      ranges_.back().end = static_cast<std::uint32_t>(end);
    } else {
      ranges_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    }
  }
  std::vector<PageRange> take() { return std::move(ranges_); }

 private:
  std::vector<PageRange> ranges_;
};

Result<std::vector<Container>> read_head(Reader& reader) {
  TURSO_TRY(std::uint32_t cookie, reader.u32());
  std::uint32_t count = 0;
  ByteView run_flags;
  if (cookie == kCookieNoRuns) {
    TURSO_TRY(count, reader.u32());
    if (count > kContainersMax) return damage(concat(count, " containers, expected at most ", kContainersMax));
  } else if ((cookie & 0xffff) == kCookieRuns) {
    count = (cookie >> 16) + 1;
    TURSO_TRY(run_flags, reader.take((count + 7) / 8));
  } else {
    return damage(concat("begins with ", cookie, ", expected ", kCookieNoRuns, " or ", kCookieRuns));
  }
  if (reader.left() / 4 < count) return damage(concat(count, " containers in ", reader.left(), " bytes"));
  std::vector<Container> containers(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Container& container = containers[i];
    TURSO_TRY(container.high, reader.u16());
    TURSO_TRY(container.cardinality, reader.u16());
    container.cardinality += 1;
    container.is_run = !run_flags.empty() && ((run_flags[i / 8] >> (i % 8)) & 1) != 0;
    if (i > 0 && container.high <= containers[i - 1].high) {
      return damage(concat("container ", container.high, " follows container ", containers[i - 1].high));
    }
  }
  return containers;
}

bool has_offsets(bool runs, std::size_t count) { return !runs || count >= kOffsetsFromContainers; }

Status read_runs(Reader& reader, const Container& container, Ranges& out) {
  std::uint64_t base = std::uint64_t{container.high} << 16;
  TURSO_TRY(std::uint32_t run_count, reader.u16());
  std::uint32_t next_free = 0;  // no run may begin before it
  std::uint32_t cardinality = 0;
  for (std::uint32_t i = 0; i < run_count; ++i) {
    TURSO_TRY(std::uint32_t first, reader.u16());
    TURSO_TRY(std::uint32_t length, reader.u16());
    length += 1;
    if (first < next_free || first + length > kIdsPerContainer) {
      return damage(
          concat("run of ", length, " from ", first, " in container ", container.high, " overlaps or overflows"));
    }
    next_free = first + length;
    cardinality += length;
    out.add(base + first, base + first + length);
  }
  if (cardinality != container.cardinality) {
    return damage(concat("container ", container.high, " has ", cardinality, " ids, expected ", container.cardinality));
  }
  return ok();
}

Status read_array(Reader& reader, const Container& container, Ranges& out) {
  std::uint64_t base = std::uint64_t{container.high} << 16;
  TURSO_TRY(ByteView ids, reader.take(std::size_t{2} * container.cardinality));
  std::uint32_t next_free = 0;
  for (std::size_t i = 0; i < ids.size(); i += 2) {
    std::uint32_t id = load_u16_le(&ids[i]);
    if (id < next_free) return damage(concat("id ", id, " in container ", container.high, " is out of order"));
    next_free = id + 1;
    out.add(base + id, base + id + 1);
  }
  return ok();
}

Status read_bitmap(Reader& reader, const Container& container, Ranges& out) {
  std::uint64_t base = std::uint64_t{container.high} << 16;
  TURSO_TRY(ByteView bits, reader.take(kBitmapBytes));
  std::uint32_t cardinality = 0;
  for (std::uint32_t word_index = 0; word_index < kIdsPerContainer / 64; ++word_index) {
    std::uint64_t word = load_u64_le(&bits[std::size_t{8} * word_index]);
    cardinality += static_cast<std::uint32_t>(std::popcount(word));
    for (std::uint32_t bit = 0; word != 0;) {  // one turn per stretch of ones
      std::uint32_t zeros = static_cast<std::uint32_t>(std::countr_zero(word));
      bit += zeros;
      word >>= zeros;
      std::uint32_t ones = static_cast<std::uint32_t>(std::countr_one(word));
      std::uint64_t first = base + std::uint64_t{64} * word_index + bit;
      out.add(first, first + ones);
      bit += ones;
      word = ones == 64 ? 0 : word >> ones;
    }
  }
  if (cardinality != container.cardinality) {
    return damage(concat("container ", container.high, " has ", cardinality, " ids, expected ", container.cardinality));
  }
  return ok();
}

}  // namespace

Bytes encode_page_range(std::uint32_t begin, std::uint32_t end) {
  TURSO_ASSERT(begin <= end);
  if (begin == end) return encode_page_list({});
  std::uint32_t first_high = begin >> 16;
  std::uint32_t count = ((end - 1) >> 16) - first_high + 1;
  Bytes out;
  append_u32(out, kCookieRuns + (std::size_t{count - 1} << 16));
  out.resize(out.size() + (count + 7) / 8, 0xff);
  if (count % 8 != 0) out.back() = static_cast<std::uint8_t>((1u << (count % 8)) - 1);

  auto first_of = [&](std::uint32_t i) { return i == 0 ? begin & 0xffff : 0; };
  auto last_of = [&](std::uint32_t i) { return i + 1 == count ? (end - 1) & 0xffff : kIdsPerContainer - 1; };
  for (std::uint32_t i = 0; i < count; ++i) {
    append_u16(out, first_high + i);
    append_u16(out, last_of(i) - first_of(i));
  }
  constexpr std::size_t kOneRunBytes = 6;
  if (has_offsets(true, count)) {
    std::size_t start = out.size() + std::size_t{4} * count;
    for (std::uint32_t i = 0; i < count; ++i) append_u32(out, start + kOneRunBytes * i);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    append_u16(out, 1);
    append_u16(out, first_of(i));
    append_u16(out, last_of(i) - first_of(i));
  }
  return out;
}

Bytes encode_page_list(const std::vector<std::uint32_t>& page_ids) {
  Bytes descriptions;
  Bytes containers;
  std::vector<std::size_t> starts;  // within `containers`
  for (std::size_t begin = 0; begin < page_ids.size();) {
    std::uint32_t high = page_ids[begin] >> 16;
    std::size_t end = begin + 1;
    for (; end < page_ids.size() && page_ids[end] >> 16 == high; ++end) TURSO_ASSERT(page_ids[end - 1] < page_ids[end]);
    TURSO_ASSERT(end == page_ids.size() || page_ids[end] > page_ids[begin]);
    append_u16(descriptions, high);
    append_u16(descriptions, static_cast<std::uint32_t>(end - begin - 1));
    starts.push_back(containers.size());
    if (end - begin <= kArrayIdsMax) {
      for (std::size_t i = begin; i < end; ++i) append_u16(containers, page_ids[i] & 0xffff);
    } else {  // readers tell the two kinds apart by the cardinality
      std::size_t bits = containers.size();
      containers.resize(bits + kBitmapBytes);
      for (std::size_t i = begin; i < end; ++i) {
        std::uint32_t low = page_ids[i] & 0xffff;
        containers[bits + low / 8] |= static_cast<std::uint8_t>(1u << (low % 8));
      }
    }
    begin = end;
  }
  Bytes out;
  append_u32(out, kCookieNoRuns);
  append_u32(out, starts.size());
  append(out, descriptions);
  std::size_t first_container = out.size() + 4 * starts.size();
  for (std::size_t start : starts) append_u32(out, first_container + start);
  append(out, containers);
  return out;
}

Result<std::vector<PageRange>> decode_page_selector(ByteView bitmap) {
  Reader reader(bitmap);
  TURSO_TRY(std::vector<Container> containers, read_head(reader));
  bool runs = (load_u32_le(bitmap.data()) & 0xffff) == kCookieRuns;
  std::vector<std::uint32_t> offsets;
  if (has_offsets(runs, containers.size())) {
    TURSO_TRY(ByteView table, reader.take(4 * containers.size()));
    for (std::size_t i = 0; i < table.size(); i += 4) offsets.push_back(load_u32_le(&table[i]));
  }
  Ranges out;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Container& container = containers[i];
    if (!offsets.empty() && offsets[i] != reader.position()) {
      return damage(
          concat("container ", container.high, " is said to start at ", offsets[i], ", expected ", reader.position()));
    }
    if (container.is_run) {
      TURSO_CHECK(read_runs(reader, container, out));
    } else if (container.cardinality <= kArrayIdsMax) {
      TURSO_CHECK(read_array(reader, container, out));
    } else {
      TURSO_CHECK(read_bitmap(reader, container, out));
    }
  }
  if (reader.left() != 0) return damage(concat(reader.left(), " bytes follow the last container"));
  return out.take();
}

bool selector_contains(const std::vector<PageRange>& ranges, std::uint32_t page_id) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), page_id,
                                [](std::uint32_t id, const PageRange& range) { return id < range.begin; });
  return after != ranges.begin() && page_id < std::prev(after)->end;
}

}  // namespace turso::wire

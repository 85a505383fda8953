// text.hpp -- building messages, numbers as text, UTF-8 validity.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turso {

namespace detail {
inline void append_piece(std::string& out, std::string_view piece) { out += piece; }
template <std::integral T>
void append_piece(std::string& out, T number) {
  out += std::to_string(number);
}
}  // namespace detail

// concat("page ", 17, ": ", 4095, " bytes"): pieces are texts and integers.
template <typename... Pieces>
std::string concat(const Pieces&... pieces) {
  std::string out;
  (detail::append_piece(out, pieces), ...);
  return out;
}

// The shortest decimal text that reads back as the same double, always with '.' or an exponent:
// 2.0, 1.6, 1.0e-9, -0.0; infinities are 9e999 and -9e999 (what SQLite reads as infinity), NaN is NULL.
std::string real_to_text(double value);

// The whole text as a decimal number in range, or nothing.
std::optional<std::int64_t> parse_int64(std::string_view text);
std::optional<std::uint64_t> parse_uint64(std::string_view text);
// Correctly rounded, whatever the locale; what is closer to 0 than any double is 0. Infinities are nothing.
std::optional<double> parse_real(std::string_view text);

bool is_valid_utf8(std::string_view text);

// ASCII only, as SQLite compares names.
bool equals_ignore_case(std::string_view a, std::string_view b);
bool starts_with_ignore_case(std::string_view text, std::string_view prefix);
std::string to_lower(std::string_view text);

// At most `limit` bytes of text for a message, with "..." when cut, control bytes as '?'.
std::string excerpt(std::string_view text, std::size_t limit = 200);

}  // namespace turso

// value.hpp -- one SQL value: NULL, INTEGER, REAL, TEXT or BLOB.
//
// TEXT is bytes that claim to be UTF-8; whether they are is the business of whoever must print them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bytes.hpp"

namespace turso {

enum class ValueType : std::uint8_t { kNull, kInteger, kReal, kText, kBlob };  // order of Value's alternatives

class Value {
 public:
  Value() = default;
  Value(std::int64_t integer) : data_(integer) {}                    // NOLINT(google-explicit-constructor)
  Value(int integer) : data_(static_cast<std::int64_t>(integer)) {}  // NOLINT(google-explicit-constructor)
  Value(double real) : data_(real) {}                                // NOLINT(google-explicit-constructor)
  Value(std::string text) : data_(std::move(text)) {}                // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : data_(std::string(text)) {}         // NOLINT(google-explicit-constructor)
  Value(const char* text) : data_(std::string(text)) {}              // NOLINT(google-explicit-constructor)
  Value(Bytes blob) : data_(std::move(blob)) {}                      // NOLINT(google-explicit-constructor)

  ValueType type() const { return static_cast<ValueType>(data_.index()); }
  bool is_null() const { return type() == ValueType::kNull; }

  // Each requires the matching type(); std::bad_variant_access otherwise is a programmer error.
  std::int64_t integer() const { return std::get<std::int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& text() const { return std::get<std::string>(data_); }
  const Bytes& blob() const { return std::get<Bytes>(data_); }

  // Same type and same content; reals compare by bits, so that -0.0 and NaN are told apart.
  friend bool operator==(const Value& a, const Value& b);

  std::string to_sql() const;  // an SQL literal, for messages and tests: NULL, 7, 1.5, 'it''s', X'00ff'

 private:
  std::variant<std::monostate, std::int64_t, double, std::string, Bytes> data_;
};

}  // namespace turso

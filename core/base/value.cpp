#include "base/value.hpp"

#include <bit>
#include <cmath>
#include <cstdio>

#include "base/text.hpp"

namespace turso {

bool operator==(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  if (a.type() == ValueType::kReal)
    return std::bit_cast<std::uint64_t>(a.real()) == std::bit_cast<std::uint64_t>(b.real());
  return a.data_ == b.data_;
}

std::string Value::to_sql() const {
  switch (type()) {
    case ValueType::kNull: return "NULL";
    case ValueType::kInteger: return std::to_string(integer());
    case ValueType::kReal: return real_to_text(real());
    case ValueType::kText: {
      std::string quoted = "'";
      for (char c : text()) {
        if (c == '\'') quoted += '\'';
        quoted += c;
      }
      return quoted + "'";
    }
    case ValueType::kBlob: return "X'" + to_hex(blob()) + "'";
  }
  return "NULL";
}

}  // namespace turso

// output.hpp -- rows and failures as people and programs read them.
//
// FORMAT of JSON lines: one object per row, columns in order. INTEGER and REAL are numbers with every digit
// (an infinite REAL is 9e999), TEXT is a string, NULL is null; a BLOB, and TEXT that is not UTF-8, is
// {"$hex": "..."}.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "turso_sync.hpp"

namespace turso::cli {

// One value of a row, borrowed until the next step.
struct Cell {
  turso_type_t kind = TURSO_TYPE_UNKNOWN;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view bytes;  // TEXT and BLOB
};
Cell cell_of(const ::turso_sync::Statement& statement, std::size_t index);

// One JSON object on one line, built key by key.
class JsonLine {
 public:
  JsonLine() { writer_.StartObject(); }
  JsonLine& cell(std::string_view key, const Cell& value);
  JsonLine& text(std::string_view key, std::string_view value);
  JsonLine& integer(std::string_view key, std::int64_t value);
  JsonLine& boolean(std::string_view key, bool value);
  JsonLine& null(std::string_view key);
  JsonLine& begin(std::string_view key);  // a nested object, until end()
  JsonLine& end();
  std::string finish();  // with the line's end

 private:
  void key(std::string_view name);
  void string(std::string_view value);

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

// Columns side by side, each as wide as its widest value so far; numbers to the right.
class Table {
 public:
  static constexpr std::size_t kRowsAheadMax = 1000;  // rows held back to find the widths; more would cost memory

  explicit Table(std::vector<std::string> names);
  void add(const std::vector<Cell>& row);
  bool is_full() const { return rows_.size() >= kRowsAheadMax; }
  std::string take();  // what was added since the last take(), with the heading the first time

 private:
  struct Field {
    std::string text;
    bool right = false;
  };
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Field>> rows_;
  bool heading_ = true;  // the first row of rows_ is the heading
};

}  // namespace turso::cli

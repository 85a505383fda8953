#include "output.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace turso::cli {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

// A table is one line per row, so control characters are shown by their escapes.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\x" + hex({&c, 1});
    } else {
      out += c;
    }
  }
  return out;
}

// Code points; enough to align text whose characters are one column wide.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

Cell cell_of(const ::turso_sync::Statement& statement, std::size_t index) {
  return {statement.type(index), statement.integer(index), statement.real(index), statement.bytes(index)};
}

void JsonLine::string(std::string_view value) {
  writer_.String(value.data() != nullptr ? value.data() : "", static_cast<rapidjson::SizeType>(value.size()));
}

void JsonLine::key(std::string_view name) {
  writer_.Key(name.data() != nullptr ? name.data() : "", static_cast<rapidjson::SizeType>(name.size()));
}

JsonLine& JsonLine::cell(std::string_view name, const Cell& value) {
  key(name);
  switch (value.kind) {
    case TURSO_TYPE_INTEGER: writer_.Int64(value.integer); break;
    case TURSO_TYPE_REAL: {
      const std::string text = real_to_text(value.real);
      writer_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
      break;
    }
    case TURSO_TYPE_TEXT:
      if (is_valid_utf8(value.bytes)) {
        string(value.bytes);
        break;
      }
      [[fallthrough]];
    case TURSO_TYPE_BLOB:
      writer_.StartObject();
      key("$hex");
      string(hex(value.bytes));
      writer_.EndObject();
      break;
    default: writer_.Null();
  }
  return *this;
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) {
  key(name);
  string(value);
  return *this;
}

JsonLine& JsonLine::integer(std::string_view name, std::int64_t value) {
  key(name);
  writer_.Int64(value);
  return *this;
}

JsonLine& JsonLine::boolean(std::string_view name, bool value) {
  key(name);
  writer_.Bool(value);
  return *this;
}

JsonLine& JsonLine::null(std::string_view name) {
  key(name);
  writer_.Null();
  return *this;
}

JsonLine& JsonLine::begin(std::string_view name) {
  key(name);
  writer_.StartObject();
  return *this;
}

JsonLine& JsonLine::end() {
  writer_.EndObject();
  return *this;
}

std::string JsonLine::finish() {
  writer_.EndObject();
  return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n";
}

Table::Table(std::vector<std::string> names) {
  std::vector<Field> head;
  for (const std::string& name : names) head.push_back({printable(name), false});
  widths_.resize(head.size());
  rows_.push_back(std::move(head));
}

void Table::add(const std::vector<Cell>& row) {
  std::vector<Field> fields;
  for (const Cell& cell : row) {
    switch (cell.kind) {
      case TURSO_TYPE_INTEGER: fields.push_back({std::to_string(cell.integer), true}); break;
      case TURSO_TYPE_REAL: fields.push_back({real_to_text(cell.real), true}); break;
      case TURSO_TYPE_TEXT: fields.push_back({printable(cell.bytes), false}); break;
      case TURSO_TYPE_BLOB: fields.push_back({"x'" + hex(cell.bytes) + "'", false}); break;
      default: fields.push_back({"NULL", false});
    }
  }
  rows_.push_back(std::move(fields));
}

std::string Table::take() {
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], width(row[i].text));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const std::string padding(widths_[i] - width(row[i].text), ' ');
      out += row[i].right ? padding + row[i].text : last ? row[i].text : row[i].text + padding;
      out += last ? "\n" : "  ";
    }
    if (heading_) {
      for (std::size_t i = 0; i < widths_.size(); ++i) {
        out.append(widths_[i], '-');
        out += i + 1 == widths_.size() ? "\n" : "  ";
      }
      heading_ = false;
    }
  }
  rows_.clear();
  return out;
}

}  // namespace turso::cli

// json.hpp -- RapidJSON behind a limit on depth, with strict types. For sources of wire/ only.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace turso::wire::json {

// What a rapidjson::Writer appends to.
class Output {
 public:
  using Ch = char;
  explicit Output(std::string& text) : text_(text) {}
  void Put(char c) { text_.push_back(c); }
  void Flush() {}

 private:
  std::string& text_;
};
using Writer = rapidjson::Writer<Output>;

inline void write_key(Writer& writer, std::string_view key) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}
// Bytes that are not UTF-8 become U+FFFD: the text stays JSON. Who must not lose them sends another type.
void write_text(Writer& writer, std::string_view text);
// Reads back as the same double. Infinities and NaN, which JSON has no numbers for, become null.
void write_real(Writer& writer, double value);
void write_integer_text(Writer& writer, std::int64_t value);  // "7": JSON readers in the field have 53 bits

// A text of at most limits::kPipelineAnswerBytesMax, nested at most limits::kJsonDepthMax deep.
// `name` is what errors call the text; they are all kProtocol.
Result<rapidjson::Document> parse(std::string_view name, std::string_view text);

// A reader of one object. `where` names it in errors. Keys that nobody asks for are ignored.
class Object {
 public:
  static Result<Object> of(std::string_view where, const rapidjson::Value& value);

  // Null when the key is missing or its value is null.
  const rapidjson::Value* find(std::string_view key) const;
  Result<const rapidjson::Value*> require(std::string_view key) const;

  Result<std::string> text(std::string_view key) const;
  Result<std::optional<std::string>> text_if(std::string_view key) const;
  Result<const rapidjson::Value*> array(std::string_view key) const;
  Result<const rapidjson::Value*> array_if(std::string_view key) const;  // null when missing
  Result<bool> boolean_or(std::string_view key, bool otherwise) const;
  Result<std::optional<std::int64_t>> integer_if(std::string_view key) const;  // decimal text or a number
  Result<std::uint32_t> u32(std::string_view key) const;

  Error wrong(std::string_view key, std::string_view expected) const;

 private:
  Object(std::string_view where, const rapidjson::Value& value) : where_(where), value_(&value) {}

  std::string_view where_;
  const rapidjson::Value* value_;
};

// Nothing: not a string of valid UTF-8.
std::optional<std::string_view> text_of(const rapidjson::Value& value);

}  // namespace turso::wire::json

#include "wire/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <cmath>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace turso::wire::json {
namespace {

// Passes events on to a document and stops the parser, which recurses, at the limit of depth. Numbers come as
// texts: RapidJSON's own conversion, asked for full precision, reads out of bounds when a number has hundreds of
// digits.
class DepthGuard {
 public:
  explicit DepthGuard(rapidjson::Document& document) : document_(document) {}

  bool too_deep() const { return depth_ > limits::kJsonDepthMax; }

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    std::string_view number(text, size);
    if (auto integer = parse_int64(number); integer && number != "-0") return document_.Int64(*integer);
    auto real = parse_real(number);
    return real && document_.Double(*real);
  }
  bool String(const char* text, rapidjson::SizeType size, bool copy) { return document_.String(text, size, copy); }
  bool Key(const char* text, rapidjson::SizeType size, bool copy) { return document_.Key(text, size, copy); }
  bool StartObject() { return enter() && document_.StartObject(); }
  bool StartArray() { return enter() && document_.StartArray(); }
  bool EndObject(rapidjson::SizeType count) { return leave() && document_.EndObject(count); }
  bool EndArray(rapidjson::SizeType count) { return leave() && document_.EndArray(count); }

 private:
  bool enter() {
    ++depth_;
    return !too_deep();
  }
  bool leave() {
    --depth_;
    return true;
  }

  rapidjson::Document& document_;
  std::size_t depth_ = 0;
};

// The longest start of `text` that is UTF-8, at most as far as the first byte that is not.
std::size_t valid_prefix_bytes(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && !is_valid_utf8(text.substr(position, length))) ++length;
    if (length > 4) break;
    position += std::min(length, text.size() - position);
  }
  return position;
}

std::string with_replacements(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t valid = valid_prefix_bytes(text);
    out += text.substr(0, valid);
    if (valid == text.size()) break;
    out += "\xef\xbf\xbd";
    text.remove_prefix(valid + 1);
  }
  return out;
}

}  // namespace

void write_text(Writer& writer, std::string_view text) {
  if (!is_valid_utf8(text)) {
    std::string valid = with_replacements(text);
    writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    return;
  }
  writer.String(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_real(Writer& writer, double value) {
  if (!std::isfinite(value)) {
    writer.Null();
    return;
  }
  std::string text = real_to_text(value);
  writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

void write_integer_text(Writer& writer, std::int64_t value) { write_text(writer, std::to_string(value)); }

Result<rapidjson::Document> parse(std::string_view name, std::string_view text) {
  if (text.size() > limits::kPipelineAnswerBytesMax) {
    return Error{ErrorKind::kProtocol,
                 concat(name, " is ", text.size(), " bytes, expected at most ", limits::kPipelineAnswerBytesMax)};
  }
  rapidjson::Document document;
  rapidjson::ParseResult outcome;
  bool too_deep = false;
  auto generate = [&](rapidjson::Document& target) {
    DepthGuard guard(target);
    rapidjson::Reader reader;
    rapidjson::MemoryStream stream(text.data(), text.size());
    outcome = reader.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, guard);
    too_deep = guard.too_deep();
    return !outcome.IsError();
  };
  document.Populate(generate);
  if (too_deep) {
    return Error{ErrorKind::kProtocol,
                 concat(name, " nests deeper than ", limits::kJsonDepthMax, " at byte ", outcome.Offset())};
  }
  if (outcome.IsError()) {
    return Error{ErrorKind::kProtocol, concat(name, " is no JSON at byte ", outcome.Offset(), " of ", text.size(), ": ",
                                              excerpt(text.substr(outcome.Offset()), 40))};
  }
  return document;
}

std::optional<std::string_view> text_of(const rapidjson::Value& value) {
  if (!value.IsString()) return std::nullopt;
  std::string_view text(value.GetString(), value.GetStringLength());
  // Escapes can spell half a surrogate pair, and the parser passes raw bytes on as they are.
  if (!is_valid_utf8(text)) return std::nullopt;
  return text;
}

Result<Object> Object::of(std::string_view where, const rapidjson::Value& value) {
  if (!value.IsObject()) return Error{ErrorKind::kProtocol, concat(where, " is not a JSON object")};
  return Object(where, value);
}

const rapidjson::Value* Object::find(std::string_view key) const {
  rapidjson::Value wanted(rapidjson::StringRef(key.data(), key.size()));
  auto member = value_->FindMember(wanted);
  return member == value_->MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

Error Object::wrong(std::string_view key, std::string_view expected) const {
  return {ErrorKind::kProtocol, concat(where_, ": \"", key, "\" is not ", expected)};
}

Result<const rapidjson::Value*> Object::require(std::string_view key) const {
  const rapidjson::Value* value = find(key);
  if (value == nullptr) return Error{ErrorKind::kProtocol, concat(where_, " lacks \"", key, "\"")};
  return value;
}

Result<std::string> Object::text(std::string_view key) const {
  TURSO_TRY(const rapidjson::Value* value, require(key));
  auto text = text_of(*value);
  if (!text) return wrong(key, "a text in UTF-8");
  return std::string(*text);
}

Result<std::optional<std::string>> Object::text_if(std::string_view key) const {
  if (find(key) == nullptr) return std::optional<std::string>();
  TURSO_TRY(std::string found, text(key));
  return std::optional<std::string>(std::move(found));
}

Result<const rapidjson::Value*> Object::array(std::string_view key) const {
  TURSO_TRY(const rapidjson::Value* value, require(key));
  if (!value->IsArray()) return wrong(key, "an array");
  return value;
}

Result<const rapidjson::Value*> Object::array_if(std::string_view key) const {
  if (find(key) == nullptr) return static_cast<const rapidjson::Value*>(nullptr);
  return array(key);
}

Result<bool> Object::boolean_or(std::string_view key, bool otherwise) const {
  const rapidjson::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->IsBool()) return wrong(key, "true or false");
  return value->GetBool();
}

Result<std::optional<std::int64_t>> Object::integer_if(std::string_view key) const {
  const rapidjson::Value* value = find(key);
  if (value == nullptr) return std::optional<std::int64_t>();
  if (value->IsInt64()) return std::optional<std::int64_t>(value->GetInt64());
  if (auto text = text_of(*value)) {
    if (auto number = parse_int64(*text)) return number;
  }
  return wrong(key, "an integer of 64 bits");
}

Result<std::uint32_t> Object::u32(std::string_view key) const {
  TURSO_TRY(const rapidjson::Value* value, require(key));
  if (!value->IsUint()) return wrong(key, "an unsigned integer of 32 bits");
  return value->GetUint();
}

}  // namespace turso::wire::json

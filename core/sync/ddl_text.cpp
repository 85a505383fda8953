#include "sync/ddl_text.hpp"

#include "base/text.hpp"

namespace turso::sync {
namespace {

struct Token {
  enum class Kind { kEnd, kWord, kQuoted, kOther };
  Kind kind = Kind::kEnd;
  std::string text;     // the name without its quotes, or the word, or one character
  std::size_t end = 0;  // position after it

  bool is(std::string_view keyword) const { return kind == Kind::kWord && equals_ignore_case(text, keyword); }
  bool is_name() const { return kind == Kind::kWord || kind == Kind::kQuoted; }
};

class Tokens {
 public:
  explicit Tokens(std::string_view sql) : sql_(sql) {}

  Token next() {
    skip_space();
    if (at_ >= sql_.size()) return {Token::Kind::kEnd, "", at_};
    const char c = sql_[at_];
    if (c == '"' || c == '`' || c == '\'') return quoted(c);
    if (c == '[') return quoted(']');
    if (!is_word(c)) return {Token::Kind::kOther, std::string(1, c), ++at_};
    const std::size_t begin = at_;
    while (at_ < sql_.size() && is_word(sql_[at_])) ++at_;
    return {Token::Kind::kWord, std::string(sql_.substr(begin, at_ - begin)), at_};
  }

 private:
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
  }

  void skip_space() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      const bool two = at_ + 1 < sql_.size();
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        ++at_;
      } else if (c == '-' && two && sql_[at_ + 1] == '-') {
        skip_past("\n");
      } else if (c == '/' && two && sql_[at_ + 1] == '*') {
        at_ += 2;
        skip_past("*/");
      } else {
        return;
      }
    }
  }

  void skip_past(std::string_view mark) {
    const std::size_t found = sql_.find(mark, at_);
    at_ = found == std::string_view::npos ? sql_.size() : found + mark.size();
  }

  // Stands on the opening quote. A doubled closing quote is one of the name; ']' cannot be doubled.
  Token quoted(char close) {
    Token token{Token::Kind::kQuoted, "", 0};
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] != close) {
        token.text += sql_[at_];
      } else if (close != ']' && at_ + 1 < sql_.size() && sql_[at_ + 1] == close) {
        token.text += sql_[at_++];
      } else {
        ++at_;
        break;
      }
    }
    token.end = at_;
    return token;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

bool is_object_type(const Token& token) {
  return token.is("TABLE") || token.is("INDEX") || token.is("VIEW") || token.is("TRIGGER");
}

}  // namespace

std::optional<AlterText> parse_alter(std::string_view sql) {
  Tokens tokens(sql);
  if (!tokens.next().is("ALTER") || !tokens.next().is("TABLE")) return std::nullopt;
  Token name = tokens.next();
  if (!name.is_name()) return std::nullopt;
  Token token = tokens.next();
  if (token.kind == Token::Kind::kOther && token.text == ".") {
    name = tokens.next();
    if (!name.is_name()) return std::nullopt;
    token = tokens.next();
  }
  AlterText alter{name.text, std::nullopt};
  if (!token.is("ADD")) return alter;
  Token column = tokens.next();
  // A column may be called `column`; then another name does not follow the word, but nothing or its type does. SQLite
  // reads the word as the keyword wherever it can, and so does this.
  if (column.is("COLUMN")) column = tokens.next();
  // ADD CONSTRAINT and ADD CHECK change rules, not columns.
  if (column.is("CONSTRAINT") || column.is("CHECK")) return alter;
  if (column.is_name()) alter.added_column = column.text;
  return alter;
}

std::string with_if_not_exists(std::string_view sql) {
  Tokens tokens(sql);
  if (!tokens.next().is("CREATE")) return std::string(sql);
  Token token = tokens.next();
  while (token.is("TEMP") || token.is("TEMPORARY") || token.is("UNIQUE") || token.is("VIRTUAL")) token = tokens.next();
  if (!is_object_type(token)) return std::string(sql);
  const std::size_t after_type = token.end;
  // A table may be called `if` without quotes only where NOT does not follow.
  if (tokens.next().is("IF") && tokens.next().is("NOT")) return std::string(sql);
  return concat(sql.substr(0, after_type), " IF NOT EXISTS", sql.substr(after_type));
}

}  // namespace turso::sync

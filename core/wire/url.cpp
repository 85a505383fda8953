#include "wire/url.hpp"

#include <array>
#include <optional>

#include "base/assert.hpp"
#include "base/text.hpp"

namespace turso::wire {
namespace {

struct Scheme {
  std::string_view written;
  std::string_view meant;
};
constexpr std::array<Scheme, 4> kSchemes = {
    {{"https://", "https://"}, {"http://", "http://"}, {"libsql://", "https://"}, {"turso://", "https://"}}};

std::optional<Scheme> scheme_of(std::string_view url) {
  for (const Scheme& scheme : kSchemes) {
    if (starts_with_ignore_case(url, scheme.written)) return scheme;
  }
  return std::nullopt;
}

// What of a URL may be shown: nothing of a user name, password, query or fragment.
std::string printable(std::string_view url) {
  std::size_t authority = url.find("://");
  authority = authority == std::string_view::npos ? 0 : authority + 3;
  std::string_view head = url.substr(0, url.find_first_of("?#"));
  std::size_t at = head.rfind('@');
  if (at != std::string_view::npos && at >= authority) {
    return concat(excerpt(head.substr(0, authority)), "...@", excerpt(head.substr(at + 1)));
  }
  return excerpt(head);
}

Error refused(std::string_view url, std::string_view why) {
  return {ErrorKind::kError, concat("remote url ", printable(url), why)};
}

bool is_printable_ascii(std::string_view url) {
  for (char c : url) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

}  // namespace

Result<std::string> normalize_remote_url(std::string_view url) {
  if (url.empty()) return Error{ErrorKind::kError, "remote url is empty"};
  std::optional<Scheme> scheme = scheme_of(url);
  if (!scheme) {
    return refused(url, " has an unsupported scheme, expected https://, http://, libsql:// or turso://");
  }
  if (!is_printable_ascii(url)) return refused(url, " contains a space, a control character or a letter beyond ASCII");
  std::string_view rest = url.substr(scheme->written.size());
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return refused(url,
                   " is followed by a query or fragment, which a remote has no use for (a token has its own option)");
  }
  std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return refused(url, " holds a user name or password, which belong into the token option");
  }
  if (authority.empty() || authority.front() == ':') return refused(url, " names no host");
  while (rest.back() == '/') rest.remove_suffix(1);
  return concat(scheme->meant, rest);
}

std::string join_url(std::string_view normalized_url, std::string_view path) {
  TURSO_ASSERT(!normalized_url.empty() && normalized_url.back() != '/');
  TURSO_ASSERT(!path.empty() && path.front() == '/');
  return concat(normalized_url, path);
}

}  // namespace turso::wire

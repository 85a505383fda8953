// url.hpp -- remote URLs: the spellings people write, brought to the one that hosts can open.
//
// FORMAT   remote := scheme "://" host [":" port] ["/" prefix]
// libsql:// and turso:// mean https://; http:// and https:// stay. A prefix such as /db/name is kept, since
// one server may serve many databases. Slashes at the end go. Credentials, query and fragment are refused: the
// token has an option of its own, and what is part of a URL ends up in logs. For the same reason messages
// repeat a URL only up to the part that may be secret.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace turso::wire {

// Never ends with '/'. Normalising twice changes nothing.
Result<std::string> normalize_remote_url(std::string_view url);

// A normalised URL and a path that begins with '/'.
std::string join_url(std::string_view normalized_url, std::string_view path);

}  // namespace turso::wire

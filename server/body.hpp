// body.hpp -- what a request and a response are, without sockets.
//
// A response body is a text, or a stream that is asked for its next piece when there is room for it. A stream
// is asked, and destroyed, in the sequence (strand) of its database.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace turso::server {

class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Appends the next piece. false: that was the end, nothing was appended.
  virtual Result<bool> next(Bytes& out) = 0;
};

struct Request {
  std::string method;
  std::string target;                                        // path with query, as in the request line
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  std::string_view header(std::string_view name) const;  // empty: not there
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::unique_ptr<BodyStream> stream;  // instead of body
};

// Called exactly once, in the sequence of the database, during handle() or later.
using Respond = std::function<void(Response)>;

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProtobuf = "application/protobuf";

Response text_response(int status, std::string_view content_type, std::string body);
// {"error": message, "code": code}
Response error_response(int status, std::string_view message, std::string_view code);
// Status and code by the kind and condition of an error.
Response error_response(const Error& error);

}  // namespace turso::server

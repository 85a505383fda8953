// http.hpp -- one HTTP request to the host and its answer, read piece by piece.
//
// FAILURES  what the host reports (poison) is kNetwork, or kTimeout where it says so; 401 and 403 are kAuth; any
//           other status but 200 is kServer with an excerpt of the server's words; an answer without a status is
//           kProtocol. Every error names method and URL.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "sync/io_queue.hpp"
#include "sync/task.hpp"

namespace turso::sync {

struct NetworkCounters {
  std::atomic<std::int64_t> sent_bytes = 0;      // request bodies
  std::atomic<std::int64_t> received_bytes = 0;  // answer bodies, as far as they were read
};

// Where the requests of one operation go.
struct HttpChannel {
  std::shared_ptr<IoQueue> queue;
  std::shared_ptr<NetworkCounters> counters;
  std::string url;  // "": the host knows, or poisons
  std::string encryption_key;
};

struct HttpRequest {
  std::string path;
  std::string media_type;
  bool accept_encoding = false;  // the protocol sends the media type in accept-encoding as well, for pulls
  Bytes body;
};

class HttpExchange {
 public:
  HttpExchange(const HttpChannel& channel, HttpRequest request);  // always a POST

  Result<std::optional<int>> status();  // nothing: not yet

  struct Piece {
    bool end = false;  // no more bytes will come
    Bytes bytes;       // empty and not the end: not yet
  };
  Result<Piece> next_piece();  // at most limits::kResumeInputBytes

  const std::string& name() const { return name_; }  // "POST http://host/path", for messages

 private:
  Error failure(ErrorKind kind, std::string_view what) const;

  std::string name_;
  std::shared_ptr<NetworkCounters> counters_;
  IoLease lease_;
};

// Waits for the status; anything but 200 is an error, with the beginning of the body. `exchange` outlives it.
Task<Status> await_success(HttpExchange* exchange);

// The whole body, after await_success; more than `size_max` bytes are kProtocol.
Task<Result<std::string>> read_body(HttpExchange* exchange, std::size_t size_max);

}  // namespace turso::sync

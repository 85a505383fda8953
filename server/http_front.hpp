// http_front.hpp -- HTTP/1.1 in front of a Service: sockets, threads and timers, and nothing else.
//
// One thread does all input and output; a few workers run the service. Requests for one database run on its
// strand, one after the other; databases go on beside each other. A waiting long poll holds a socket and no
// thread. A body stream is asked for its next piece when the last one was written, so that an answer of any
// size takes the memory of one piece. Bodies come with a length or in chunks; connections are kept alive.
//
// stop(): no new connections; idle ones are closed, polls answered, running requests finished, at most for
// limits::kServerStopTimeoutMs. run() then returns, and the service can be closed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "server/service.hpp"

namespace turso::server {

class HttpFront {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: the system chooses
    unsigned worker_count = 4;
    bool stop_on_signals = false;  // SIGINT and SIGTERM call stop()
  };

  HttpFront(Service& service, Options options);
  ~HttpFront();

  Result<std::uint16_t> listen();  // the port bound
  void run();                      // on the calling thread, until stop() has taken effect
  void stop();                     // from any thread, more than once if need be

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace turso::server

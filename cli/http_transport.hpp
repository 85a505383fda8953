// http_transport.hpp -- performs the library's HTTP requests with libcurl.
//
// The library opens no socket: it queues requests and its host performs them. A transport serves one command and one
// thread; it keeps its connections open between requests. The answer is handed on piece by piece as it arrives, so
// that a body of any length takes no memory here.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <string>

#include "turso_sync.hpp"

namespace turso::cli {

class CurlTransport final : public ::turso_sync::Transport {
 public:
  struct Options {
    std::string token;                               // sent as `Authorization: Bearer`; empty: no such header
    long connect_timeout_ms = 10'000;                // until a connection stands
    long silence_timeout_s = 60;                     // without a byte in either direction; must exceed a long poll
    const std::atomic<bool>* interrupted = nullptr;  // ends the request within a second once it is set
  };

  explicit CurlTransport(Options options);

  void perform(const ::turso_sync::HttpRequest& request, ::turso_sync::HttpAnswer& answer) override;

 private:
  struct CurlDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  Options options_;
  std::unique_ptr<CURL, CurlDeleter> curl_;
};

}  // namespace turso::cli

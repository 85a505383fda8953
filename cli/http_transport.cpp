#include "http_transport.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <stdexcept>

namespace turso::cli {
namespace {

using ::turso_sync::HttpAnswer;
using ::turso_sync::HttpRequest;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

// One request under way: what the callbacks of libcurl need to know. Exceptions do not pass through libcurl.
struct Exchange {
  CURL* curl;
  HttpAnswer* answer;
  const std::atomic<bool>* interrupted;
  bool status_given = false;
  bool enough = false;  // the library wants no more of this answer
  std::exception_ptr thrown = nullptr;

  void give_status() {
    if (status_given) return;
    status_given = true;
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status(static_cast<int>(status));
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) answer->header("retry-after", std::to_string(seconds));
  }
};

std::size_t on_write(char* data, std::size_t size, std::size_t count, void* context) {
  auto* exchange = static_cast<Exchange*>(context);
  try {
    exchange->give_status();
    exchange->enough = !exchange->answer->data({data, size * count});
  } catch (...) {
    exchange->thrown = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
  return exchange->enough ? CURL_WRITEFUNC_ERROR : size * count;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* exchange = static_cast<Exchange*>(context);
  const bool stop = exchange->interrupted != nullptr && exchange->interrupted->load();
  return stop || exchange->answer->cancellation().cancelled() ? 1 : 0;
}

HeaderList header_list(const HttpRequest& request, const std::string& token) {
  curl_slist* list = nullptr;
  const auto append = [&list](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  for (const auto& [name, value] : request.headers) append(name + ": " + value);
  if (!token.empty()) append("Authorization: Bearer " + token);
  append("Expect:");  // a server that does not know 100-continue would cost a second per request
  return HeaderList(list);
}

std::string joined_url(const HttpRequest& request) {
  if (request.url.empty()) throw std::runtime_error("no remote url is known; pass --remote");
  std::string url = request.url;
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url + request.path;
}

}  // namespace

CurlTransport::CurlTransport(Options options) : options_(std::move(options)) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised == CURLE_OK) curl_.reset(curl_easy_init());
  if (curl_ == nullptr) throw std::runtime_error("libcurl cannot be initialised");
}

void CurlTransport::perform(const HttpRequest& request, HttpAnswer& answer) {
  CURL* curl = curl_.get();
  curl_easy_reset(curl);  // keeps connections open
  const std::string url = joined_url(request);
  const HeaderList headers = header_list(request, options_.token);
  Exchange exchange{curl, &answer, options_.interrupted};
  char reason[CURL_ERROR_SIZE] = "";

  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data() != nullptr ? request.body.data() : "");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, options_.connect_timeout_ms);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, options_.silence_timeout_s);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);

  spdlog::debug("{} {}, {} bytes", request.method, url, request.body.size());
  const CURLcode code = curl_easy_perform(curl);
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  if (code == CURLE_OK) {
    exchange.give_status();  // an answer without a body
    return;
  }
  if (exchange.enough) return;
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    answer.cancellation().cancel();  // a signal ends the operation, not only its request
    throw std::runtime_error("interrupted");
  }
  const std::string text = reason[0] != '\0' ? reason : curl_easy_strerror(code);
  throw std::runtime_error(code == CURLE_OPERATION_TIMEDOUT ? "timeout: " + text : text);
}

}  // namespace turso::cli

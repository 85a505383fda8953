// http_client.hpp -- a blocking HTTP/1.1 client of a few lines: tests write bytes and read what comes back.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "base/text.hpp"

namespace turso::test {

struct HttpAnswer {
  int status = 0;  // 0: the connection ended without one
  std::map<std::string, std::string> headers;
  std::string body;
  bool whole = false;  // the body came to its end
  std::size_t chunk_count = 0;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    timeval limit{30, 0};  // a test that would hang fails instead
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { ::close(fd_); }

  bool connected() const { return connected_; }

  void write(const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      ssize_t put = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (put <= 0) return;
      done += static_cast<std::size_t>(put);
    }
  }

  static std::string request(const std::string& method, const std::string& target, const std::string& body,
                             const std::string& headers = "") {
    return concat(method, " ", target, " HTTP/1.1\r\nhost: localhost\r\n", headers, "content-length: ", body.size(),
                  "\r\n\r\n", body);
  }

  HttpAnswer call(const std::string& method, const std::string& target, const std::string& body = "",
                  const std::string& headers = "") {
    write(request(method, target, body, headers));
    return read();
  }

  HttpAnswer read() {
    HttpAnswer answer;
    std::string head;
    if (!read_until("\r\n\r\n", head)) return answer;
    answer.status = std::atoi(head.substr(9, 3).c_str());
    std::size_t at = head.find("\r\n") + 2;
    while (at < head.size()) {
      std::size_t end = head.find("\r\n", at);
      std::size_t colon = head.find(':', at);
      if (colon < end) answer.headers[to_lower(head.substr(at, colon - at))] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    if (answer.headers["transfer-encoding"] == "chunked") {
      answer.whole = read_chunks(answer);
    } else if (answer.headers.count("content-length") != 0) {
      answer.whole = read_exactly(std::strtoull(answer.headers["content-length"].c_str(), nullptr, 10), answer.body);
    } else if (answer.status != 204 && answer.status != 100) {
      while (fill()) continue;
      answer.body = std::exchange(buffer_, {});
      answer.whole = true;
    } else {
      answer.whole = true;
    }
    return answer;
  }

  // Whether the other side has closed; waits for it.
  bool at_end() { return buffer_.empty() && !fill(); }

 private:
  bool fill() {
    char piece[16384];
    ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  bool read_until(const std::string& mark, std::string& out) {
    std::size_t found;
    while ((found = buffer_.find(mark)) == std::string::npos) {
      if (!fill()) return false;
    }
    out = buffer_.substr(0, found + 2);
    buffer_.erase(0, found + mark.size());
    return true;
  }
  bool read_exactly(std::size_t size, std::string& out) {
    while (buffer_.size() < size) {
      if (!fill()) return false;
    }
    out.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }
  bool read_chunks(HttpAnswer& answer) {
    for (;;) {
      std::string line;
      if (!read_until("\r\n", line)) return false;
      std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
      std::string end;
      if (!read_exactly(size, answer.body) || !read_exactly(2, end)) return false;
      if (size == 0) return true;
      ++answer.chunk_count;
    }
  }

  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace turso::test

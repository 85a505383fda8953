#include "server/http_front.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <map>
#include <optional>
#include <set>

#include "base/environment.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace turso::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kSocketTimeout = std::chrono::milliseconds(limits::kServerSocketTimeoutMs);
constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::size_t kDropBytes = 64 * 1024;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// Where the requests of one database run, and the timer that wakes its polls and streams.
struct Sequence {
  Sequence(asio::thread_pool& pool, std::string name_in)
      : name(std::move(name_in)), strand(asio::make_strand(pool)), timer(strand) {}

  std::string name;
  asio::strand<asio::thread_pool::executor_type> strand;
  asio::steady_timer timer;
};

class Connection;

}  // namespace

class HttpFront::Impl {
 public:
  Impl(Service& service_in, Options options_in)
      : service(service_in), options(std::move(options_in)), pool(options.worker_count) {}

  Result<std::uint16_t> listen();
  void accept();
  void run();
  void stop();
  void ended(Connection& connection);
  Sequence& sequence(const std::string& name);
  void arm(Sequence& at);  // in its strand

  Service& service;
  Options options;
  std::set<Connection*> connections;  // on the thread of io, like everything here but arm()
  bool stopping = false;
  std::atomic<bool> workers_ending{false};
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};  // until all have ended
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  asio::signal_set signals{io};
  asio::steady_timer grace{io};
  asio::thread_pool pool;
  std::map<std::string, std::unique_ptr<Sequence>> sequences;
};

namespace {

// One client's connection: reads a request, hands it over, writes the answer, and again. It lives as long as
// something is under way for it. The last reference may go on a worker; it is destroyed on the thread of io.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static std::shared_ptr<Connection> create(HttpFront::Impl& front, tcp::socket socket) {
    auto destroy_on_io = [&front](Connection* connection) {
      asio::post(front.io, [owned = std::unique_ptr<Connection>(connection)] {});
    };
    return {std::make_unique<Connection>(front, std::move(socket)).release(), destroy_on_io};
  }
  Connection(HttpFront::Impl& front, tcp::socket socket) : front_(front), stream_(std::move(socket)) {
    front_.connections.insert(this);
  }
  ~Connection() { front_.ended(*this); }

  void read();
  void close_if_idle() {
    if (idle_) close();
  }
  void close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  void read_body(error_code ec);
  void handle(error_code ec);
  void refuse(error_code ec);
  void write(Response response);
  void write_header(const Response& response);
  void ask_for_piece();
  void write_piece(Result<bool> more, Bytes piece);
  void after_write(error_code ec);
  void release_body();
  void linger();
  void drop_input();

  HttpFront::Impl& front_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;
  std::optional<http::response<http::empty_body>> header_;
  std::optional<http::response_serializer<http::empty_body>> serializer_;
  std::unique_ptr<BodyStream> body_;
  Bytes piece_;
  Sequence* sequence_ = nullptr;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool idle_ = false;    // waiting for a request
  bool linger_ = false;  // the request was refused before it was read
  std::size_t dropped_ = 0;
};

void Connection::read() {
  idle_ = true;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits::kServerHeaderBytesMax));
  parser_->body_limit(limits::kServerRequestBytesMax);
  stream_.expires_after(kSocketTimeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code ec, std::size_t) { self->read_body(ec); });
}

void Connection::read_body(error_code ec) {
  idle_ = false;
  if (ec) return refuse(ec);
  auto receive = [self = shared_from_this()](error_code failed, std::size_t) {
    if (failed) return self->close();
    self->stream_.expires_after(kSocketTimeout);
    http::async_read(self->stream_, self->buffer_, *self->parser_,
                     [self](error_code read, std::size_t) { self->handle(read); });
  };
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return receive({}, 0);
  // The client holds its body back until it is asked for.
  static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue), std::move(receive));
}

void Connection::refuse(error_code ec) {
  int status = 0;
  if (ec == http::error::body_limit) status = 413;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) status = 431;
  bool parse_error = ec.category() == make_error_code(http::error::bad_method).category();
  bool cut_off = ec == http::error::end_of_stream || ec == http::error::partial_message;
  if (status == 0 && parse_error && !cut_off) status = 400;
  if (status == 0) return close();
  keep_alive_ = false;
  linger_ = true;
  write(error_response(status, concat("request refused: ", ec.message()), "request"));
}

void Connection::handle(error_code ec) {
  if (ec) return refuse(ec);
  stream_.expires_never();
  auto message = parser_->release();
  keep_alive_ = message.keep_alive();
  version_ = message.version();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message)
    request.headers.emplace_back(to_lower(std::string_view(field.name_string().data(), field.name_string().size())),
                                 std::string(field.value()));
  request.body = std::move(message.body());

  auto self = shared_from_this();
  auto respond = [self](Response response) {
    asio::post(self->front_.io, [self, response = std::move(response)]() mutable { self->write(std::move(response)); });
  };
  auto name = front_.service.sequence_of(request);
  if (!name) return front_.service.handle(request, respond);
  sequence_ = &front_.sequence(*name);
  asio::post(sequence_->strand, [self, request = std::move(request), respond = std::move(respond)]() mutable {
    // Taken along: once an answer is on its way, the connection may be at its next request.
    Sequence& sequence = *self->sequence_;
    self->front_.service.handle(request, std::move(respond));
    self->front_.arm(sequence);
  });
}

void Connection::write(Response response) {
  if (front_.stopping) keep_alive_ = false;
  stream_.expires_after(kSocketTimeout);
  body_ = std::move(response.stream);
  if (body_) return write_header(response);
  answer_.emplace(http::int_to_status(static_cast<unsigned>(response.status)), version_);
  for (const auto& [name, value] : response.headers) answer_->set(name, value);
  answer_->keep_alive(keep_alive_);
  answer_->body() = std::move(response.body);
  if (response.status != 204) answer_->prepare_payload();
  http::async_write(stream_, *answer_,
                    [self = shared_from_this()](error_code ec, std::size_t) { self->after_write(ec); });
}

void Connection::write_header(const Response& response) {
  header_.emplace(http::int_to_status(static_cast<unsigned>(response.status)), version_);
  for (const auto& [name, value] : response.headers) header_->set(name, value);
  // HTTP/1.0 knows no chunks: the body ends with the connection.
  if (version_ < 11) keep_alive_ = false;
  header_->keep_alive(keep_alive_);
  if (version_ >= 11) header_->chunked(true);
  serializer_.emplace(*header_);
  http::async_write_header(stream_, *serializer_, [self = shared_from_this()](error_code ec, std::size_t) {
    if (ec) return self->after_write(ec);
    self->ask_for_piece();
  });
}

void Connection::ask_for_piece() {
  asio::post(sequence_->strand, [self = shared_from_this()] {
    Bytes piece;
    Result<bool> more = self->body_->next(piece);
    asio::post(self->front_.io, [self, more = std::move(more), piece = std::move(piece)]() mutable {
      self->write_piece(std::move(more), std::move(piece));
    });
  });
}

void Connection::write_piece(Result<bool> more, Bytes piece) {
  if (!more.has_value()) {
    // Without a last chunk the client sees that the answer is not whole.
    TURSO_LOG(LogLevel::kError, "turso::server", concat("an answer was broken off: ", more.error().message));
    return after_write(asio::error::operation_aborted);
  }
  stream_.expires_after(kSocketTimeout);
  auto self = shared_from_this();
  if (!*more) {
    if (version_ < 11) return after_write({});
    return asio::async_write(stream_, http::make_chunk_last(),
                             [self](error_code ec, std::size_t) { self->after_write(ec); });
  }
  piece_ = std::move(piece);
  auto next = [self](error_code ec, std::size_t) {
    if (ec) return self->after_write(ec);
    self->ask_for_piece();
  };
  if (version_ < 11) return asio::async_write(stream_, asio::buffer(piece_), std::move(next));
  asio::async_write(stream_, http::make_chunk(asio::buffer(piece_)), std::move(next));
}

void Connection::after_write(error_code ec) {
  release_body();
  if (!ec && linger_) return linger();
  if (ec || !keep_alive_) return close();
  read();
}

// Closing with unread input would reset the connection, and the client might not read why it was refused.
void Connection::linger() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLinger);
  drop_input();
}

void Connection::drop_input() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kDropBytes), [self = shared_from_this()](error_code ec, std::size_t size) {
    self->dropped_ += size;
    if (ec || self->dropped_ > limits::kServerRequestBytesMax) return self->close();
    self->drop_input();
  });
}

// Its snapshot belongs to the strand.
void Connection::release_body() {
  if (body_) asio::post(sequence_->strand, [body = std::move(body_)] {});
}

}  // namespace

Result<std::uint16_t> HttpFront::Impl::listen() {
  error_code ec;
  auto failed = [&](const char* what) {
    return Error{ErrorKind::kIo, concat("listen on ", options.host, ":", options.port, ": ", what, ": ", ec.message())};
  };
  tcp::resolver resolver(io);
  auto found = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, ec);
  if (ec) return failed("resolve");
  tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), ec);
  if (ec) return failed("open");
  acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  acceptor.bind(endpoint, ec);
  if (ec) return failed("bind");
  acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen");
  if (options.stop_on_signals) {
    signals.add(SIGINT, ec);
    signals.add(SIGTERM, ec);
    if (ec) return failed("signals");
    signals.async_wait([this](error_code cancelled, int) {
      if (!cancelled) stop();
    });
  }
  accept();
  return acceptor.local_endpoint(ec).port();
}

void HttpFront::Impl::accept() {
  acceptor.async_accept([this](error_code ec, tcp::socket socket) {
    if (stopping) return;
    if (!ec && connections.size() < limits::kServerConnectionsMax) {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      Connection::create(*this, std::move(socket))->read();
    }
    if (!ec) return accept();
    // Out of file descriptors, most likely: others must end before this can go on.
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](error_code cancelled) {
      if (!cancelled) accept();
    });
  });
}

Sequence& HttpFront::Impl::sequence(const std::string& name) {
  auto& found = sequences[name];
  if (!found) found = std::make_unique<Sequence>(pool, name);
  return *found;
}

void HttpFront::Impl::arm(Sequence& at) {
  if (workers_ending) return;
  auto deadline = service.next_deadline(at.name);
  if (!deadline) {
    at.timer.cancel();
    return;
  }
  std::int64_t wait_ms = std::max<std::int64_t>(0, *deadline - system_environment()->unix_time_ms());
  at.timer.expires_after(std::chrono::milliseconds(wait_ms));
  at.timer.async_wait([this, &at](error_code cancelled) {
    if (cancelled) return;
    service.run_timers(at.name);
    arm(at);
  });
}

void HttpFront::Impl::stop() {
  if (stopping) return;
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  pause.cancel();
  signals.clear(ignored);  // a second signal ends the process at once
  for (Connection* connection : std::set<Connection*>(connections)) connection->close_if_idle();
  for (auto& [name, at] : sequences) {
    asio::post(at->strand, [this, &at = *at] {
      service.drain(at.name);
      arm(at);
    });
  }
  if (connections.empty()) return work.reset();
  grace.expires_after(std::chrono::milliseconds(limits::kServerStopTimeoutMs));
  grace.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    TURSO_LOG(LogLevel::kWarn, "turso::server", concat(connections.size(), " connections were cut off at the stop"));
    for (Connection* connection : std::set<Connection*>(connections)) connection->close();
    work.reset();
  });
}

void HttpFront::Impl::ended(Connection& connection) {
  connections.erase(&connection);
  if (!stopping || !connections.empty() || !work.owns_work()) return;
  grace.cancel();
  work.reset();
}

void HttpFront::Impl::run() {
  io.run();
  workers_ending = true;
  for (auto& [name, at] : sequences) asio::post(at->strand, [&timer = at->timer] { timer.cancel(); });
  pool.join();
  // What the workers still handed back: connections to be destroyed.
  io.restart();
  io.poll();
}

HttpFront::HttpFront(Service& service, Options options) : impl_(std::make_unique<Impl>(service, std::move(options))) {}
HttpFront::~HttpFront() = default;

Result<std::uint16_t> HttpFront::listen() { return impl_->listen(); }
void HttpFront::run() { impl_->run(); }
void HttpFront::stop() {
  asio::post(impl_->io, [impl = impl_.get()] { impl->stop(); });
}

}  // namespace turso::server

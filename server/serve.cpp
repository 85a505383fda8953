#include "server/serve.hpp"

#include <cstdio>

#include "base/text.hpp"
#include "server/http_front.hpp"

namespace turso::server {
namespace {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Result<Address> parse_address(const std::string& listen) {
  std::size_t colon = listen.rfind(':');
  auto port = colon == std::string::npos ? std::nullopt : parse_uint64(std::string_view(listen).substr(colon + 1));
  if (!port || *port > 65535 || colon == 0)
    return Error{ErrorKind::kMisuse, concat("listen: '", listen, "', expected host:port")};
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return Address{host, static_cast<std::uint16_t>(*port)};
}

}  // namespace

Status serve(const ServeOptions& options) {
  TURSO_TRY(Address address, parse_address(options.listen));
  ServiceOptions service_options;
  service_options.database_path = options.database_path;
  service_options.data_directory = options.data_directory;
  service_options.tokens = options.tokens;
  service_options.strip_bookkeeping = options.strip_bookkeeping;
  service_options.safe_batches = options.safe_batches;
  Service service(std::move(service_options));
  TURSO_CHECK(service.open());

  HttpFront::Options front_options;
  front_options.host = address.host;
  front_options.port = address.port;
  front_options.worker_count = options.worker_count;
  front_options.stop_on_signals = true;
  HttpFront front(service, std::move(front_options));
  TURSO_TRY(std::uint16_t port, front.listen());

  bool v6 = address.host.find(':') != std::string::npos;
  std::string url = concat("http://", v6 ? "[" : "", address.host, v6 ? "]" : "", ":", port);
  if (options.on_listening) {
    options.on_listening(url);
  } else {
    std::printf("listening on %s\n", url.c_str());
    std::fflush(stdout);
  }
  front.run();
  return service.close();
}

}  // namespace turso::server

#include "server/service.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace turso::server {
namespace {

constexpr std::string_view kDatabasePrefix = "/db/";
constexpr std::string_view kPullPath = "/pull-updates";
constexpr std::string_view kPipelinePath = "/v2/pipeline";
constexpr std::string_view kHealthPath = "/health";
constexpr std::size_t kNameBytesMax = 64;

bool is_valid_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// Takes as long for a wrong token as for a right one, whatever the two have in common.
bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  std::size_t difference = given.size() ^ expected.size();
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<std::size_t>(given[i] ^ expected[expected.empty() ? 0 : i % expected.size()]);
  return difference == 0;
}

void add_cors(Response& response) {
  response.headers.emplace_back("access-control-allow-origin", "*");
  response.headers.emplace_back("access-control-allow-methods", "GET, POST, OPTIONS");
  response.headers.emplace_back("access-control-allow-headers",
                                "authorization, content-type, accept, accept-encoding, user-agent, "
                                "x-turso-encryption-key, x-turso-encryption-cipher");
  response.headers.emplace_back("access-control-max-age", "86400");
}

}  // namespace

Service::Service(ServiceOptions options, std::shared_ptr<Environment> environment)
    : options_(std::move(options)), environment_(std::move(environment)) {}

Service::~Service() = default;

Status Service::open() {
  if (options_.database_path.empty() == options_.data_directory.empty())
    return Error{ErrorKind::kMisuse, "server: exactly one of a database and a data directory is expected"};
  if (!options_.database_path.empty()) {
    TURSO_CHECK(desk_of(""));
    return ok();
  }
  if (::mkdir(options_.data_directory.c_str(), 0755) != 0 && errno != EEXIST)
    return io_error("create directory", options_.data_directory, errno);
  return ok();
}

Service::Route Service::route_of(const Request& request) const {
  Route route;
  route.path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (!options_.database_path.empty()) {
    route.known = true;
    return route;
  }
  if (route.path.substr(0, kDatabasePrefix.size()) != kDatabasePrefix) return route;
  std::string_view rest = route.path.substr(kDatabasePrefix.size());
  std::size_t slash = std::min(rest.find('/'), rest.size());
  if (!is_valid_name(rest.substr(0, slash))) return route;
  route.database = rest.substr(0, slash);
  route.path = rest.substr(slash);
  route.known = true;
  return route;
}

std::optional<std::string> Service::sequence_of(const Request& request) const {
  Route route = route_of(request);
  bool needs_database = request.method == "POST" && (route.path == kPullPath || route.path == kPipelinePath);
  if (!route.known || !needs_database) return std::nullopt;
  return route.database;
}

bool Service::authorized(const Request& request) const {
  if (options_.tokens.empty()) return true;
  constexpr std::string_view kBearer = "bearer ";
  std::string_view header = request.header("authorization");
  if (!starts_with_ignore_case(header, kBearer)) return false;
  header.remove_prefix(kBearer.size());
  bool found = false;
  for (const std::string& token : options_.tokens) found = equal_in_constant_time(header, token) || found;
  return found;
}

void Service::handle(const Request& request, Respond respond) {
  Respond with_cors = [respond = std::move(respond)](Response response) {
    add_cors(response);
    respond(std::move(response));
  };
  Route route = route_of(request);
  if (request.method == "OPTIONS") return with_cors(text_response(204, {}, {}));
  if (route.path == kHealthPath && request.method == "GET")
    return with_cors(text_response(200, kJson, "{\"status\":\"ok\"}"));
  if (!authorized(request)) {
    Response refused = error_response(401, "a valid bearer token is expected in the authorization header", "auth");
    refused.headers.emplace_back("www-authenticate", "Bearer");
    return with_cors(std::move(refused));
  }
  dispatch(request, route, std::move(with_cors));
}

void Service::dispatch(const Request& request, const Route& route, Respond respond) {
  bool pull = route.path == kPullPath;
  if (!route.known || (!pull && route.path != kPipelinePath)) {
    std::string_view expected = options_.data_directory.empty() ? "/pull-updates or /v2/pipeline"
                                                                : "/db/<name>/pull-updates or /db/<name>/v2/pipeline";
    return respond(error_response(404, concat("no such path ", excerpt(request.target, 100), ", expected ", expected),
                                  "not_found"));
  }
  if (request.method != "POST")
    return respond(error_response(405, concat("method ", excerpt(request.method, 20), ", expected POST"), "method"));
  if (!request.header("x-turso-encryption-key").empty())
    return respond(error_response(
        400, "x-turso-encryption-key: this server does not encrypt databases with a client's key", "encryption"));
  auto desk = desk_of(route.database);
  if (!desk.has_value()) return respond(error_response(desk.error()));
  if (pull) {
    auto decoded = wire::decode_pull_request(as_bytes(request.body));
    if (!decoded.has_value()) return respond(error_response(decoded.error()));
    return (*desk)->pull(std::move(*decoded), std::move(respond));
  }
  auto decoded = wire::decode_pipeline_request(request.body);
  if (!decoded.has_value()) return respond(error_response(decoded.error()));
  (*desk)->pipeline(std::move(*decoded), std::move(respond));
}

Result<DatabaseDesk*> Service::desk_of(const std::string& name) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return Error{ErrorKind::kBusy, "the server is stopping"};
    auto found = desks_.find(name);
    if (found != desks_.end()) return found->second.get();
    if (desks_.size() >= limits::kServerDatabasesMax)
      return Error{ErrorKind::kBusy,
                   concat(desks_.size(), " databases are open, at most ", limits::kServerDatabasesMax)};
  }
  // Opened without the lock: other databases go on meanwhile, and this one is opened by its sequence only.
  DatabaseDesk::Options options;
  options.host.strip_bookkeeping = options_.strip_bookkeeping;
  options.sql = {options_.safe_batches, options_.sql_time_ms_max, limits::kPipelineAnswerBytesMax / 2};
  std::string path = name.empty() ? options_.database_path : concat(options_.data_directory, "/", name, ".db");
  TURSO_TRY(std::unique_ptr<DatabaseDesk> opened, DatabaseDesk::open(path, options, environment_));
  std::lock_guard lock(mutex_);
  return (desks_[name] = std::move(opened)).get();
}

DatabaseDesk* Service::find(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto found = desks_.find(name);
  return found == desks_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Service::open_databases() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, opened] : desks_) names.push_back(name);
  return names;
}

void Service::run_timers(const std::string& name) {
  if (DatabaseDesk* found = find(name)) found->run_timers();
}

void Service::run_timers() {
  for (const std::string& name : open_databases()) run_timers(name);
}

std::optional<std::int64_t> Service::next_deadline(const std::string& name) const {
  const DatabaseDesk* found = find(name);
  return found == nullptr ? std::nullopt : found->next_deadline();
}

std::optional<std::int64_t> Service::next_deadline() const {
  std::optional<std::int64_t> next;
  for (const std::string& name : open_databases()) {
    if (auto one = next_deadline(name)) next = std::min(next.value_or(*one), *one);
  }
  return next;
}

void Service::drain(const std::string& name) {
  if (DatabaseDesk* found = find(name)) found->drain();
}

Status Service::close(const std::string& name) {
  std::unique_ptr<DatabaseDesk> closing;
  {
    std::lock_guard lock(mutex_);
    auto found = desks_.find(name);
    if (found == desks_.end()) return ok();
    closing = std::move(found->second);
    desks_.erase(found);
  }
  return closing->close();
}

Status Service::close() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Status first;
  for (const std::string& name : open_databases()) {
    Status closed = close(name);
    if (first.has_value() && !closed.has_value()) first = std::move(closed);
  }
  return first;
}

}  // namespace turso::server

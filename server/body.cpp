#include "server/body.hpp"

#include "wire/json.hpp"

namespace turso::server {
namespace {

int status_of(const Error& error) {
  if (error.condition == "revision_expired" || error.condition == "stream_expired") return 410;
  switch (error.kind) {
    case ErrorKind::kProtocol:
    case ErrorKind::kMisuse: return 400;
    case ErrorKind::kAuth: return 401;
    case ErrorKind::kSchema: return 409;
    case ErrorKind::kBusy:
    case ErrorKind::kBusySnapshot: return 503;
    case ErrorKind::kFull: return 507;
    default: return 500;
  }
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Response text_response(int status, std::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  if (!content_type.empty()) response.headers.emplace_back("content-type", content_type);
  response.body = std::move(body);
  return response;
}

Response error_response(int status, std::string_view message, std::string_view code) {
  std::string body;
  wire::json::Output output(body);
  wire::json::Writer writer(output);
  writer.StartObject();
  wire::json::write_key(writer, "error");
  wire::json::write_text(writer, message);
  wire::json::write_key(writer, "code");
  wire::json::write_text(writer, code);
  writer.EndObject();
  return text_response(status, kJson, std::move(body));
}

Response error_response(const Error& error) {
  return error_response(status_of(error), error.message,
                        error.condition.empty() ? error_kind_name(error.kind) : std::string_view(error.condition));
}

}  // namespace turso::server

// serve.cpp -- `turso-sync serve`: the server library with the options of the command line.
#include "server/serve.hpp"

#include <spdlog/spdlog.h>

#include <cstdio>

#include "commands.hpp"

namespace turso::cli {

int serve(const ServeOptions& options) {
  server::ServeOptions server;
  server.listen = options.listen;
  server.database_path = options.database;
  server.data_directory = options.data;
  server.tokens = options.tokens;
  server.strip_bookkeeping = options.strip;
  const Status ended = server::serve(server);
  if (ended) {
    spdlog::info("the server stopped cleanly");
    return kOk;
  }
  std::fprintf(stderr, "error: %s: %s\n", std::string(error_kind_name(ended.error().kind)).c_str(),
               ended.error().message.c_str());
  return kFailed;
}

}  // namespace turso::cli

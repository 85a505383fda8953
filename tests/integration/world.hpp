// world.hpp -- the server without sockets and replicas that talk to it: one thread, no network, no clock.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <list>

#include "server/service.hpp"
#include "unit/sync/engine_support.hpp"

namespace turso::sync::test {

// Every pull and push syncs files a dozen times; none of these tests cuts the power.
inline const bool kFilesInMemory = [] {
  bool possible = std::getenv("TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm");
  if (possible) ::setenv("TMPDIR", "/dev/shm", 1);
  return possible;
}();

class World {
 public:
  World() { start(); }

  void start() {
    server::ServiceOptions options;
    options.database_path = server_path();
    options.tokens = tokens;
    service_ = std::make_unique<server::Service>(options);
    Status opened = service_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  }
  void stop() {
    Status closed = service_->close();
    EXPECT_TRUE(closed.has_value()) << closed.error().message;
    service_.reset();
  }
  server::Service& service() { return *service_; }
  std::string server_path() const { return dir_.path("server.db"); }

  // Performs a request at once. One that the server holds back is answered by a later deliver().
  void perform(const std::shared_ptr<IoItem>& item) {
    server::Request request;
    request.method = item->method;
    request.target = item->path;
    request.headers = item->headers;
    request.body = std::string(as_text(item->body));
    ++request_count;
    service_->handle(request, [item](server::Response response) { deliver(*item, std::move(response)); });
  }

  Host host() {
    return [this](IoItem& item) {
      // The item outlives the call: whoever plays the host holds it until it is answered.
      perform(std::shared_ptr<IoItem>(std::shared_ptr<IoItem>(), &item));
      EXPECT_TRUE(item.progress().done) << "the server holds " << item.path << " back";
    };
  }

  // Everything that a device of this world needs to be its replica.
  void place(Device& device, std::string client_name) {
    device.config.client_name = std::move(client_name);
    device.config.remote_url = "http://server";
  }

  // Runs SQL on the server's file, as another program would.
  std::string server_query(std::string_view text) {
    auto connection = sqlite::Connection::open(server_path(), {.create = false, .busy_timeout_ms = 1000});
    EXPECT_TRUE(connection.has_value());
    auto statement = connection->prepare(text);
    EXPECT_TRUE(statement.has_value()) << text << ": " << statement.error().message;
    std::string out;
    for (;;) {
      auto row = statement->step();
      EXPECT_TRUE(row.has_value());
      if (!row.has_value() || !*row) return out;
      if (!out.empty()) out += ';';
      for (int i = 0; i < statement->column_count(); ++i) {
        Value value = statement->column(i);
        out += concat(i == 0 ? "" : ",", value.type() == ValueType::kText   ? value.text()
                                         : value.type() == ValueType::kBlob ? to_hex(value.blob())
                                                                            : value.to_sql());
      }
    }
  }

  std::vector<std::string> tokens;
  int request_count = 0;

 private:
  static void deliver(IoItem& item, server::Response response) {
    Bytes body = to_bytes(response.body);
    while (response.stream != nullptr) {
      Result<bool> more = response.stream->next(body);
      EXPECT_TRUE(more.has_value());
      if (!more.has_value() || !*more) break;
    }
    answer(item, response.status, body, 50'000);
  }

  TempDir dir_;
  std::unique_ptr<server::Service> service_;
};

inline constexpr std::string_view kUserTables =
    "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "AND name NOT LIKE 'turso\\_%' ESCAPE '\\' ORDER BY name";

// Every row of every user table, as text.
template <typename Query>
std::string dump(const Query& query) {
  std::string tables = query(std::string(kUserTables));
  std::string out;
  for (std::size_t begin = 0; begin < tables.size();) {
    std::size_t end = std::min(tables.find(';', begin), tables.size());
    std::string table = tables.substr(begin, end - begin);
    bool one_column = query(concat("SELECT count(*) FROM pragma_table_info('", table, "')")) == "1";
    out += concat(table, ": ",
                  query(concat("SELECT * FROM ", sqlite::identifier(table), " ORDER BY 1", one_column ? "" : ", 2")),
                  "\n");
    begin = end + 1;
  }
  return out;
}

inline std::string contents(Device& device) {
  return dump([&](const std::string& text) { return device.query(text); });
}
inline std::string contents(World& world) {
  return dump([&](const std::string& text) { return world.server_query(text); });
}

// Both ways for everybody until nobody has anything to send or to fetch.
inline void sync_until_quiet(World& world, const std::vector<Device*>& devices) {
  for (int round = 0; round < 10; ++round) {
    bool quiet = true;
    for (Device* device : devices) {
      auto pulled = device->pull(world.host());
      ASSERT_TRUE(pulled.has_value()) << device->config.client_name << " pull: " << pulled.error().message;
      bool pending = device->stats().cdc_operations != 0;
      auto pushed = device->push(world.host());
      ASSERT_TRUE(pushed.has_value()) << device->config.client_name << " push: " << pushed.error().message;
      ASSERT_EQ(device->stats().cdc_operations, 0) << "after a full push";
      quiet = quiet && !*pulled && !pending;
    }
    if (quiet) return;
  }
  FAIL() << "the replicas do not come to rest";
}

inline void expect_converged(World& world, const std::vector<Device*>& devices) {
  std::string expected = contents(world);
  for (Device* device : devices) {
    EXPECT_EQ(contents(*device), expected) << device->config.client_name;
    EXPECT_EQ(device->query("PRAGMA integrity_check"), "ok");
  }
}

}  // namespace turso::sync::test

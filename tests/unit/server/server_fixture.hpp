// server_fixture.hpp -- a Service in one thread with a clock that tests move, and a client that keeps an image.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <string>

#include "server/service.hpp"
#include "sqlite/page_source.hpp"
#include "support/temp_dir.hpp"
#include "wire/pull.hpp"

namespace turso::server {

class TestEnvironment final : public Environment {
 public:
  std::int64_t unix_time_ms() override { return now_ms; }
  void fill_random(MutableByteView out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  }
  std::int64_t now_ms = 1'700'000'000'000;
  std::mt19937 random{1};
};

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string body;
};

inline Reply read_reply(Response response) {
  Reply reply;
  reply.status = response.status;
  for (auto& [name, value] : response.headers) reply.headers[name] = value;
  reply.body = std::move(response.body);
  while (response.stream) {
    Bytes piece;
    auto more = response.stream->next(piece);
    if (!more.has_value()) ADD_FAILURE() << more.error().message;
    if (!more.has_value() || !*more) break;
    reply.body += as_text(piece);
  }
  return reply;
}

// The pages of one pull answer.
struct Pulled {
  wire::PullHeader header;
  std::map<std::uint32_t, Bytes> pages;  // by number, counted from 1
};

inline Pulled read_pulled(const Reply& reply) {
  Pulled pulled;
  EXPECT_EQ(reply.status, 200) << reply.body;
  wire::PullStreamDecoder decoder(
      [&](const wire::PullHeader& header) {
        pulled.header = header;
        return ok();
      },
      [&](std::uint64_t id, ByteView page) {
        auto [at, inserted] = pulled.pages.emplace(static_cast<std::uint32_t>(id) + 1, Bytes(page.begin(), page.end()));
        EXPECT_TRUE(inserted) << "page id " << id << " was sent twice";
        return ok();
      });
  auto fed = decoder.feed(as_bytes(reply.body));
  EXPECT_TRUE(fed.has_value()) << fed.error().message;
  EXPECT_TRUE(decoder.finish().has_value());
  return pulled;
}

// Every page of a database as SQLite shows it to somebody else.
inline std::map<std::uint32_t, Bytes> image_of(const std::string& path) {
  std::map<std::uint32_t, Bytes> image;
  auto connection = sqlite::Connection::open(path, {.readonly = false, .create = false, .busy_timeout_ms = 1000});
  EXPECT_TRUE(connection.has_value());
  EXPECT_TRUE(connection->exec("PRAGMA wal_autocheckpoint=0").has_value());
  auto rows = connection->prepare("SELECT pgno, data FROM sqlite_dbpage");
  EXPECT_TRUE(rows.has_value());
  while (rows->step().value()) {
    ByteView page = rows->column_blob(1);
    auto number = static_cast<std::uint32_t>(rows->column_int(0));
    if (number != sqlite::lock_byte_page(4096)) image[number] = Bytes(page.begin(), page.end());
  }
  return image;
}

class ServerTest : public ::testing::Test {
 protected:
  void start() { start(options()); }
  void start(const ServiceOptions& with) {
    service_ = std::make_unique<Service>(with, environment_);
    auto opened = service_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  }
  ServiceOptions options() const {
    ServiceOptions single;
    single.database_path = path_;
    return single;
  }
  void stop() {
    auto closed = service_->close();
    ASSERT_TRUE(closed.has_value()) << closed.error().message;
    service_.reset();
  }
  // Without the orderly end: as after a crash.
  void crash() { service_.reset(); }

  // Nothing: the request waits; its answer will be in `late`.
  std::optional<Reply> send(const Request& request, std::shared_ptr<std::optional<Reply>> late = nullptr) {
    auto reply = late ? late : std::make_shared<std::optional<Reply>>();
    service_->handle(request, [reply](Response response) { *reply = read_reply(std::move(response)); });
    return *reply;
  }
  Reply post(const std::string& target, std::string body) {
    auto reply = send({"POST", target, {}, std::move(body)});
    EXPECT_TRUE(reply.has_value()) << "no answer";
    return reply.value_or(Reply{});
  }
  static Request pull_request(const wire::PullRequest& pull) {
    return {"POST", "/pull-updates", {}, std::string(as_text(wire::encode_pull_request(pull)))};
  }
  Reply pull_reply(const wire::PullRequest& pull) {
    auto reply = send(pull_request(pull));
    EXPECT_TRUE(reply.has_value()) << "no answer";
    return reply.value_or(Reply{});
  }
  Pulled pull(const wire::PullRequest& pull) { return read_pulled(pull_reply(pull)); }
  Pulled pull(const std::string& client_revision = "") {
    wire::PullRequest request;
    request.client_revision = client_revision;
    return pull(request);
  }

  static Request pipeline_request(const wire::PipelineRequest& pipeline) {
    return {"POST", "/v2/pipeline", {}, wire::encode_pipeline_request(pipeline)};
  }
  wire::PipelineResponse pipeline(const wire::PipelineRequest& request) {
    auto reply = send(pipeline_request(request));
    EXPECT_TRUE(reply.has_value()) << "no answer";
    if (!reply) return {};
    EXPECT_EQ(reply->status, 200) << reply->body;
    auto decoded = wire::decode_pipeline_response(reply->body);
    EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
    return decoded.has_value() ? *decoded : wire::PipelineResponse{};
  }
  wire::StreamResult execute(wire::SqlStatement statement) {
    auto answer = pipeline({std::nullopt, {std::move(statement)}});
    EXPECT_EQ(answer.results.size(), 1u);
    return answer.results.empty() ? wire::StreamResult{} : answer.results[0];
  }
  wire::StatementResult run(const std::string& sql) {
    auto result = execute({sql, {}, {}, true});
    if (auto* error = std::get_if<wire::SqlError>(&result)) ADD_FAILURE() << sql << ": " << error->message;
    auto* done = std::get_if<wire::StatementResult>(&result);
    return done != nullptr ? *done : wire::StatementResult{};
  }
  wire::SqlError fail(const std::string& sql) {
    auto result = execute({sql, {}, {}, true});
    auto* error = std::get_if<wire::SqlError>(&result);
    EXPECT_NE(error, nullptr) << sql << " was accepted";
    return error != nullptr ? *error : wire::SqlError{};
  }
  wire::BatchResult batch(std::vector<wire::Step> steps) {
    auto answer = pipeline({std::nullopt, {wire::Batch{std::move(steps)}}});
    EXPECT_EQ(answer.results.size(), 1u);
    auto* done = answer.results.empty() ? nullptr : std::get_if<wire::BatchResult>(&answer.results[0]);
    EXPECT_NE(done, nullptr);
    return done != nullptr ? *done : wire::BatchResult{};
  }

  // SQL by another program on the served file.
  void foreign(const std::string& sql) {
    auto connection = sqlite::Connection::open(path_, {.busy_timeout_ms = 1000});
    ASSERT_TRUE(connection.has_value());
    auto done = connection->exec(sql);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  test::TempDir dir_;
  std::string path_ = dir_.path("served.db");
  std::shared_ptr<TestEnvironment> environment_ = std::make_shared<TestEnvironment>();
  std::unique_ptr<Service> service_;
};

// What a replica keeps: the remote's pages as of a revision.
class ImageClient {
 public:
  // Takes an answer in, as apply does. Answers how many pages came.
  std::size_t take(const Pulled& pulled) {
    for (const auto& [number, page] : pulled.pages) image[number] = page;
    if (!pulled.pages.empty())
      image.erase(image.upper_bound(static_cast<std::uint32_t>(pulled.header.db_size)), image.end());
    revision = pulled.header.server_revision;
    return pulled.pages.size();
  }
  std::map<std::uint32_t, Bytes> image;
  std::string revision;
};

}  // namespace turso::server

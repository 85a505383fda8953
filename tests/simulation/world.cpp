#include "simulation/world.hpp"

#include <gtest/gtest.h>

#include "base/failpoint.hpp"
#include "base/text.hpp"
#include "wire/pipeline.hpp"

namespace turso::simulation {
namespace {

constexpr int kStepsMax = 200'000;  // of one finish(): an operation that goes on longer is stuck

}  // namespace

World::World(std::uint64_t seed, int replica_count, Weather weather)
    : random_(seed), weather_(weather), environment_(std::make_shared<SimulatedEnvironment>(seed ^ 0x5eedu)) {
  server::ServiceOptions options;
  options.database_path = dir_.path("server.db");
  server_ = std::make_unique<server::Service>(options, environment_);
  Status opened = server_->open();
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
  for (int i = 0; i < replica_count; ++i) {
    Replica replica;
    replica.path = dir_.path(concat("replica", i, ".db"));
    replicas_.push_back(std::move(replica));
  }
  for (Replica& replica : replicas_) {
    start(replica);
    finish(replica);
  }
}

void World::start(Replica& replica) {
  sync::Config config;
  config.path = replica.path;
  config.remote_url = "http://server";
  config.client_name = "sim";
  config.bootstrap_if_empty = true;
  config.push_operations_threshold = chance(500) ? static_cast<std::size_t>(1 + pick(5)) : 0;
  config.pull_bytes_threshold = chance(300) ? static_cast<std::size_t>(4096 * (1 + pick(4))) : 0;
  config.environment = environment_;
  auto engine = sync::Engine::make(config);
  ASSERT_TRUE(engine.has_value()) << engine.error().message;
  replica.engine = std::move(engine).value();
  begin(replica, "create");
}

Status World::exec(Replica& replica, const std::string& sql) {
  TURSO_TRY(auto statement, replica.app->prepare_single(sql));
  for (;;) {
    TURSO_TRY(auto result, statement->step());
    if (result == database::StepResult::kDone) return ok();
  }
}

Result<std::vector<Row>> World::rows(Replica& replica, const std::string& sql) {
  TURSO_TRY(auto statement, replica.app->prepare_single(sql));
  std::vector<Row> rows;
  for (;;) {
    TURSO_TRY(auto result, statement->step());
    if (result == database::StepResult::kDone) return rows;
    Row row;
    for (int i = 0; i < statement->column_count(); ++i) {
      switch (statement->value_type(i)) {
        case ValueType::kNull: row.emplace_back(); break;
        case ValueType::kInteger: row.emplace_back(statement->value_int(i)); break;
        case ValueType::kReal: row.emplace_back(statement->value_real(i)); break;
        case ValueType::kText: row.emplace_back(as_text(statement->value_bytes(i))); break;
        case ValueType::kBlob: {
          ByteView blob = statement->value_bytes(i);
          row.emplace_back(Bytes(blob.begin(), blob.end()));
          break;
        }
      }
    }
    rows.push_back(std::move(row));
  }
}

server::Response World::call(const server::Request& request, Bytes& body) {
  std::optional<server::Response> answer;
  server_->handle(request, [&](server::Response response) { answer = std::move(response); });
  while (!answer) {  // a long poll or the write queue: only time helps
    environment_->advance(1000);
    server_->run_timers();
  }
  body = to_bytes(answer->body);
  if (answer->stream) {
    for (;;) {
      auto more = answer->stream->next(body);
      if (!more) {  // the connection breaks in the middle
        answer->status = 599;
        break;
      }
      if (!more.value()) break;
    }
    answer->stream.reset();
  }
  return std::move(*answer);
}

Result<std::vector<Row>> World::server_rows(const std::string& sql) {
  wire::PipelineRequest pipeline;
  wire::SqlStatement statement;
  statement.sql = sql;
  pipeline.requests.emplace_back(statement);
  server::Request request;
  request.method = "POST";
  request.target = "/v2/pipeline";
  request.headers = {{"content-type", "application/json"}};
  request.body = wire::encode_pipeline_request(pipeline);
  Bytes body;
  call(request, body);
  TURSO_TRY(wire::PipelineResponse response, wire::decode_pipeline_response(as_text(body)));
  if (response.results.empty()) return Error{ErrorKind::kProtocol, "the server answered nothing"};
  if (auto* failed = std::get_if<wire::SqlError>(&response.results[0]))
    return Error{ErrorKind::kServer, failed->message};
  return std::get<wire::StatementResult>(response.results[0]).rows;
}

void World::begin(Replica& replica, const std::string& what) {
  if (replica.operation) return;
  replica.doing = what;
  if (what == "create") replica.operation = replica.engine->create();
  if (what == "connect") replica.operation = replica.engine->connect();
  if (what == "push") replica.operation = replica.engine->push();
  if (what == "wait") replica.operation = replica.engine->wait();
  if (what == "apply") replica.operation = replica.engine->apply(std::move(replica.changes));
}

void World::resume(Replica& replica) {
  auto state = replica.operation->resume();
  collect(replica);
  if (state && state.value() == sync::OperationState::kIo) return;
  ended(replica, state ? ok() : Status(std::move(state).error()));
}

void World::ended(Replica& replica, const Status& status) {
  std::string done = std::exchange(replica.doing, "");
  auto operation = std::move(replica.operation);
  replica.last_failure = status ? std::nullopt : std::optional<Error>(status.error());
  tally_.failures += status ? 0 : 1;
  if (status && done == "push") ++tally_.pushes;
  if (status && done == "apply") ++tally_.applies;
  if (done == "create") begin(replica, status ? "connect" : "create");
  if (done == "connect" && status) replica.app = operation->take_connection();
  if (done == "wait" && status) {
    replica.changes = operation->take_changes();
    if (replica.changes) begin(replica, "apply");
  }
}

void World::collect(Replica& replica) {
  while (auto item = replica.engine->take_io_item()) {
    Message message;
    message.request.method = item->method;
    message.request.target = item->path;
    message.request.headers = item->headers;
    message.request.body = std::string(as_text(item->body));
    message.item = std::move(item);
    network_.push_back(std::move(message));
  }
}

void World::serve(Message& message) {
  message.status = call(message.request, message.answer).status;
  message.answered = true;
}

void World::move(std::size_t index) {
  Message& message = network_[index];
  auto remove = [&] { network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(index)); };
  auto poison = [&] { discard(message.item->poison("connection reset"), "nobody may be waiting any more"); };
  if (!message.item) {
    Bytes ignored;
    call(message.request, ignored);
    return remove();
  }
  if (!message.answered) {
    if (chance(weather_.lose_request)) {
      ++tally_.lost;
      poison();
      return remove();
    }
    if (chance(weather_.repeat_request)) {
      ++tally_.repeated;
      Message again;
      again.request = message.request;
      network_.push_back(std::move(again));  // a deque: `message` may have moved
    }
    Message& same = network_[index];
    serve(same);
    if (chance(weather_.lose_answer)) {
      ++tally_.lost;
      discard(same.item->poison("connection reset"), "nobody may be waiting any more");
      return remove();
    }
    discard(same.item->set_status(same.status), "nobody may be waiting any more");
    return;
  }
  std::size_t left = message.answer.size() - message.delivered;
  std::size_t piece = std::min(left, static_cast<std::size_t>(1 + pick(20'000)));
  discard(message.item->push_buffer(ByteView(message.answer).subspan(message.delivered, piece)), "as above");
  message.delivered += piece;
  if (message.delivered < message.answer.size()) return;
  discard(message.item->done(), "as above");
  remove();
}

void World::step() {
  environment_->advance(1 + pick(50));
  std::vector<Replica*> busy;
  for (Replica& replica : replicas_) {
    if (replica.operation) busy.push_back(&replica);
  }
  std::size_t choices = busy.size() + network_.size();
  if (choices == 0) return;
  auto choice = static_cast<std::size_t>(pick(static_cast<int>(choices)));
  if (choice < busy.size()) return resume(*busy[choice]);
  move(choice - busy.size());
}

void World::finish(Replica& replica) {
  for (int i = 0; replica.operation; ++i) {
    if (i == kStepsMax) {
      ADD_FAILURE() << replica.path << " is stuck in " << replica.doing;
      replica.operation.reset();
      return;
    }
    step();
  }
}

void World::kill(Replica& replica, std::uint64_t after) {
  Failpoint failpoint;
  failpoint.mode = Failpoint::Mode::kStop;
  failpoint.at = after;
  failpoint.part = chance(500) ? Failpoint::Part::kHalf : Failpoint::Part::kNone;
  failpoint.path_prefix = replica.path;
  set_failpoint(failpoint);
  for (int i = 0; replica.operation && failpoint_failures() == 0 && i < kStepsMax; ++i) step();
  if (failpoint_failures() == 0) {  // it had little left to do: dies now
    failpoint.at = 1;
    set_failpoint(failpoint);
  }
  replica.operation.reset();
  replica.changes.reset();
  replica.app.reset();
  replica.engine.reset();
  clear_failpoint();
  // What is under way stays under way: the server may get it late. Nobody waits for the answers.
  ++replica.lives;
  ++tally_.deaths;
  replica.doing.clear();
  start(replica);
  finish(replica);
}

Status World::quiesce() {
  Weather weather = std::exchange(weather_, {});
  Status quiet = push_and_pull_until_quiet();
  weather_ = weather;
  return quiet;
}

Status World::push_and_pull_until_quiet() {
  for (Replica& replica : replicas_) finish(replica);
  for (int round = 0; round < 12; ++round) {
    bool quiet = true;
    for (Replica& replica : replicas_) {
      for (const char* what : {"push", "wait"}) {
        begin(replica, what);
        finish(replica);
        if (replica.last_failure) {
          // A file that was found to be a copy must pull before it pushes; anything else is a defect.
          if (replica.last_failure->condition != "replica_forked") {
            return Error(*replica.last_failure).in(concat(replica.path, " ", what));
          }
          quiet = false;
        }
      }
      replica.operation = replica.engine->stats();
      replica.doing = "stats";
      while (true) {
        auto state = replica.operation->resume();
        if (!state) return std::move(state).error();
        if (state.value() == sync::OperationState::kDone) break;
      }
      if (replica.operation->stats()->cdc_operations != 0) quiet = false;
      replica.operation.reset();
    }
    // Everybody has pushed in this round; what the first ones pulled may be old.
    if (quiet && round > 0) return ok();
  }
  return Error{ErrorKind::kError, "not quiet after 12 rounds"};
}

}  // namespace turso::simulation

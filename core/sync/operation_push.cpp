// push: the session decides what is sent and what an answer means; here are only its HTTP requests.
#include "base/limits.hpp"
#include "sync/operations.hpp"
#include "sync/push_session.hpp"

namespace turso::sync {
namespace {

// A session whose answer never came must know it, also when the operation is dropped while it waits.
class AwaitedAnswer {
 public:
  explicit AwaitedAnswer(PushSession* session) : session_(session) {}
  AwaitedAnswer(const AwaitedAnswer&) = delete;
  ~AwaitedAnswer() {
    if (session_ != nullptr) session_->on_lost();
  }
  PushSession* arrived() { return std::exchange(session_, nullptr); }

 private:
  PushSession* session_;
};

Task<Status> send_batch(HttpChannel channel, PushRequest request, PushSession* session) {
  AwaitedAnswer answer(session);
  HttpRequest http;
  http.path = "/v2/pipeline";
  http.media_type = "application/json";
  http.body = to_bytes(request.body);
  HttpExchange exchange(channel, std::move(http));
  Task<Status> success = await_success(&exchange);
  TURSO_CO_CHECK(co_await success);
  Task<Result<std::string>> reading = read_body(&exchange, limits::kPipelineAnswerBytesMax);
  TURSO_CO_TRY(std::string body, co_await reading);
  Status taken = answer.arrived()->on_answer(body);
  if (!taken.has_value() && taken.error().kind == ErrorKind::kProtocol) {
    co_return std::move(taken).error().in(exchange.name());
  }
  co_return taken;
}

Task<Status> push_all(HttpChannel channel, std::unique_ptr<PushSession> session) {
  for (;;) {
    TURSO_CO_TRY(std::optional<PushRequest> request, session->next());
    if (!request) co_return ok();
    Task<Status> sent = send_batch(channel, std::move(*request), session.get());
    TURSO_CO_CHECK(co_await sent);
    co_await Park{RunState::kTurnEnded};
  }
}

void note_identity(Replica& replica, const Status& status) {
  if (status.has_value()) return;
  if (status.error().condition == "replica_forked") replica.replica_forked = true;
  if (status.error().condition == "remote_went_back") replica.remote_went_back = true;
}

}  // namespace

Task<Status> run_push(OperationContext context) {
  Replica& replica = *context.replica;
  TURSO_CO_CHECK(replica.require_open());
  TURSO_CO_CHECK(replica.own());
  TURSO_CO_TRY(sqlite::Connection connection, replica.connect_plain());
  PushOptions options;
  options.operations_threshold = replica.config().push_operations_threshold;
  options.request_bytes_max = replica.options.push_request_bytes_max;
  options.environment = replica.config().environment;
  Result<std::unique_ptr<PushSession>> session = PushSession::begin(std::move(connection), options);
  Status pushed;
  if (session.has_value()) {
    Task<Status> pushing = push_all(context.channel(), std::move(*session));
    pushed = co_await pushing;
  } else {
    pushed = std::move(session).error();
    if (pushed.error().kind == ErrorKind::kCorrupt) pushed = std::move(pushed).error().in(replica.files().live);
  }
  note_identity(replica, pushed);
  TURSO_CO_CHECK(pushed);
  Task<Status> writing = write_info(context);
  co_return co_await writing;
}

}  // namespace turso::sync

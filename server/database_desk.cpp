#include "server/database_desk.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace turso::server {

Result<std::unique_ptr<DatabaseDesk>> DatabaseDesk::open(const std::string& path, const Options& options,
                                                         std::shared_ptr<Environment> environment) {
  std::unique_ptr<DatabaseDesk> desk(new DatabaseDesk(path, options, std::move(environment)));
  TURSO_CHECK(desk->open_database());
  return desk;
}

DatabaseDesk::~DatabaseDesk() = default;

Status DatabaseDesk::open_database() {
  TURSO_TRY(database_, HostedDatabase::open(path_, options_.host, environment_));
  pulls_ = std::make_unique<PullDesk>(*database_, environment_);
  announced_ = database_->revision();
  return ok();
}

// A restored backup may have been moved to the path while we serve the file that was there before.
Status DatabaseDesk::follow_replaced_file() {
  if (!database_) return open_database();
  if (!database_->replaced()) return ok();
  TURSO_LOG(LogLevel::kWarn, "turso::server", concat(path_, ": another file stands here now; it is opened anew"));
  queue_.clear();
  streams_.clear();
  pulls_.reset();
  discard(database_->close(), "the file that was served is gone");
  database_.reset();
  TURSO_CHECK(open_database());
  answer_polls();
  return ok();
}

void DatabaseDesk::pull(wire::PullRequest request, Respond respond) {
  Status present = follow_replaced_file();
  if (!present.has_value()) return respond(error_response(present.error()));
  auto wait = pulls_->would_wait(request);
  if (!wait.has_value()) return respond(error_response(wait.error()));
  if (*wait && !draining_) {
    std::int64_t wait_ms = std::min<std::int64_t>(request.long_poll_timeout_ms, limits::kServerLongPollMsMax);
    std::int64_t now = environment_->unix_time_ms();
    if (polls_.empty()) looked_ms_ = now;
    polls_.push_back({std::move(request), std::move(respond), now + wait_ms});
  } else {
    answer_pull(request, respond);
  }
  settle();
}

void DatabaseDesk::answer_pull(const wire::PullRequest& request, const Respond& respond) {
  auto stream = pulls_->answer(request);
  if (!stream.has_value()) return respond(error_response(stream.error()));
  Response response = text_response(200, kProtobuf, {});
  response.stream = std::move(*stream);
  respond(std::move(response));
}

void DatabaseDesk::answer_polls() {
  std::list<Poll> changed = std::exchange(polls_, {});
  for (Poll& poll : changed) answer_pull(poll.request, poll.respond);
}

// After anything that may have moved the revision.
void DatabaseDesk::settle() {
  auto moved = database_->absorb();
  if (!moved.has_value()) TURSO_LOG(LogLevel::kError, "turso::server", concat(path_, ": ", moved.error().message));
  if (database_->revision() != announced_) {
    announced_ = database_->revision();
    answer_polls();
  }
  database_->checkpoint_if_due();
}

Result<std::shared_ptr<DatabaseDesk::Stream>> DatabaseDesk::stream_of(const wire::PipelineRequest& request) {
  if (request.baton && !request.baton->empty()) {
    for (const auto& stream : streams_) {
      if (stream->baton == *request.baton && !stream->queued) return stream;
    }
    Error error{ErrorKind::kMisuse, concat("baton ", excerpt(*request.baton, 40), " names no open stream; begin anew")};
    error.condition = "stream_expired";
    return error;
  }
  if (request.baton && streams_.size() >= limits::kServerStreamsMax)
    return Error{ErrorKind::kBusy, concat(streams_.size(), " streams are open, at most ", limits::kServerStreamsMax)};
  TURSO_TRY(sqlite::Connection connection, database_->connect(limits::kInternalBusyTimeoutMs));
  auto stream = std::make_shared<Stream>();
  TURSO_TRY(stream->session, SqlSession::create(std::move(connection), options_.sql, environment_));
  return stream;
}

void DatabaseDesk::pipeline(wire::PipelineRequest request, Respond respond) {
  Status present = follow_replaced_file();
  if (!present.has_value()) return respond(error_response(present.error()));
  auto stream = stream_of(request);
  if (!stream.has_value()) return respond(error_response(stream.error()));
  Work work{std::move(request), std::move(respond), std::move(*stream), false, 0};
  work.keep_stream = work.request.baton.has_value();
  work.deadline_ms = environment_->unix_time_ms() + limits::kServerWriterWaitMs;
  if (!draining_ && must_wait(work)) {
    work.stream->queued = true;
    queue_.push_back(std::move(work));
    return;
  }
  run(std::move(work));
  run_queue();
}

bool DatabaseDesk::locked_by_another(const Stream& stream) const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [&](const auto& other) { return other.get() != &stream && other->session->holds_write_lock(); });
}

bool DatabaseDesk::may_write(const Work& work) {
  return std::any_of(work.request.requests.begin(), work.request.requests.end(),
                     [&](const auto& request) { return work.stream->session->may_write(request); });
}

bool DatabaseDesk::must_wait(const Work& work) const { return locked_by_another(*work.stream) && may_write(work); }

void DatabaseDesk::run(Work work) {
  Stream& stream = *work.stream;
  stream.queued = false;
  stream.session->set_busy_timeout(locked_by_another(stream) ? 0 : limits::kInternalBusyTimeoutMs);
  stream.session->begin_request();
  if (!database_->log_begun() && !stream.session->in_transaction() && may_write(work))
    discard(database_->begin_log(), "somebody else writes, so the log has begun; absorb tells what it knows of that");
  wire::PipelineResponse answer;
  bool closed = !work.keep_stream;
  for (const wire::StreamRequest& request : work.request.requests) {
    answer.results.push_back(stream.session->run(request));
    closed = closed || std::holds_alternative<wire::CloseRequest>(request);
  }
  streams_.remove(work.stream);
  if (closed) {
    stream.session->rollback();
  } else {
    stream.baton = environment_->random_uuid();
    stream.expires_ms = environment_->unix_time_ms() + limits::kServerStreamIdleMs;
    answer.baton = stream.baton;
    streams_.push_back(work.stream);
  }
  settle();
  work.respond(text_response(200, kJson, wire::encode_pipeline_response(answer)));
}

void DatabaseDesk::run_queue() {
  while (!queue_.empty() && !must_wait(queue_.front())) {
    Work work = std::move(queue_.front());
    queue_.pop_front();
    run(std::move(work));
  }
}

void DatabaseDesk::run_timers() {
  if (!database_) return;
  std::int64_t now = environment_->unix_time_ms();
  std::erase_if(streams_, [&](const auto& stream) { return !stream->queued && stream->expires_ms <= now; });
  pulls_->expire();
  looked_ms_ = now;
  Status present = follow_replaced_file();
  if (!present.has_value()) {
    for (Poll& poll : std::exchange(polls_, {})) poll.respond(error_response(present.error()));
    return;
  }
  settle();
  std::list<Poll> due;
  for (auto poll = polls_.begin(); poll != polls_.end();) {
    auto next = std::next(poll);
    if (poll->deadline_ms <= now) due.splice(due.end(), polls_, poll);
    poll = next;
  }
  for (Poll& poll : due) answer_pull(poll.request, poll.respond);
  run_queue();
  // What has waited long enough learns from SQLite that the database is locked.
  while (!queue_.empty() && queue_.front().deadline_ms <= now) {
    Work work = std::move(queue_.front());
    queue_.pop_front();
    run(std::move(work));
  }
}

std::optional<std::int64_t> DatabaseDesk::next_deadline() const {
  if (!database_) return std::nullopt;
  std::optional<std::int64_t> next = pulls_->next_expiry();
  auto consider = [&](std::int64_t time) { next = std::min(next.value_or(time), time); };
  for (const Poll& poll : polls_) consider(poll.deadline_ms);
  if (!polls_.empty()) consider(looked_ms_ + limits::kServerForeignCheckMs);
  for (const auto& stream : streams_) {
    if (!stream->queued) consider(stream->expires_ms);
  }
  if (!queue_.empty()) consider(queue_.front().deadline_ms);
  return next;
}

void DatabaseDesk::drain() {
  draining_ = true;
  answer_polls();
  streams_.clear();
  for (Work& work : std::exchange(queue_, {})) run(std::move(work));
}

Status DatabaseDesk::close() {
  polls_.clear();
  queue_.clear();
  streams_.clear();
  pulls_.reset();
  if (!database_) return ok();
  Status closed = database_->close();
  database_.reset();
  return closed;
}

}  // namespace turso::server

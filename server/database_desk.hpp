// database_desk.hpp -- everything the server does for one database, in one sequence: pulls, polls, pipelines.
//
// No sockets, threads or timers: answers leave through a callback, at once or later, and the owner calls
// run_timers() when next_deadline() has come. All calls for one desk come one after the other.
//
// Writers queue here. A baton stream may hold the write lock between two requests; a request that may write
// waits for it without blocking anything, up to a limit, then SQLite tells it that the database is locked.
// Streams: a request with the empty baton "" opens one, answers carry the baton for the next request, a close
// request or idleness ends it. Without a baton, what a request leaves open is rolled back at its end.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "server/body.hpp"
#include "server/hosted_database.hpp"
#include "server/pull_desk.hpp"
#include "server/sql_session.hpp"
#include "wire/pipeline.hpp"

namespace turso::server {

class DatabaseDesk {
 public:
  struct Options {
    HostOptions host;
    SqlSession::Options sql;
  };

  static Result<std::unique_ptr<DatabaseDesk>> open(const std::string& path, const Options& options,
                                                    std::shared_ptr<Environment> environment);
  ~DatabaseDesk();

  void pull(wire::PullRequest request, Respond respond);
  void pipeline(wire::PipelineRequest request, Respond respond);

  // Looks for writes of other programs and for what has run out of time.
  void run_timers();
  std::optional<std::int64_t> next_deadline() const;  // unix ms; nothing: nothing to wait for

  // Answers everybody who waits; from now on nobody does.
  void drain();
  // Who still waits gets no answer. Streams of bodies must have ended.
  Status close();

  Revision revision() const { return database_->revision(); }
  std::size_t waiting_polls() const { return polls_.size(); }
  std::size_t open_streams() const { return streams_.size(); }

 private:
  struct Poll {
    wire::PullRequest request;
    Respond respond;
    std::int64_t deadline_ms = 0;
  };
  struct Stream {
    std::string baton;
    std::unique_ptr<SqlSession> session;
    std::int64_t expires_ms = 0;
    bool queued = false;  // a request of it waits for the write lock
  };
  struct Work {
    wire::PipelineRequest request;
    Respond respond;
    std::shared_ptr<Stream> stream;
    bool keep_stream = false;
    std::int64_t deadline_ms = 0;
  };

  DatabaseDesk(std::string path, Options options, std::shared_ptr<Environment> environment)
      : path_(std::move(path)), options_(options), environment_(std::move(environment)) {}

  Status open_database();
  Status follow_replaced_file();
  Result<std::shared_ptr<Stream>> stream_of(const wire::PipelineRequest& request);
  static bool may_write(const Work& work);
  bool must_wait(const Work& work) const;
  bool locked_by_another(const Stream& stream) const;
  void run(Work work);
  void run_queue();
  void settle();
  void answer_polls();
  void answer_pull(const wire::PullRequest& request, const Respond& respond);

  std::string path_;
  Options options_;
  std::shared_ptr<Environment> environment_;
  std::unique_ptr<HostedDatabase> database_;
  std::unique_ptr<PullDesk> pulls_;
  std::list<Poll> polls_;
  std::list<std::shared_ptr<Stream>> streams_;
  std::deque<Work> queue_;
  Revision announced_;  // the revision that waiting polls were told about
  std::int64_t looked_ms_ = 0;
  bool draining_ = false;
};

}  // namespace turso::server

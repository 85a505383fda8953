// world.hpp -- replicas, a server and the network between them, in one thread, from one seed.
//
// A World owns the server core (server/service, no sockets) and N replicas, each an engine and one connection of
// an app. step() lets one random thing happen: a local transaction, one resume of an operation, one move of a
// message. The network delays, cuts answers into pieces, loses requests, loses answers after the server has
// acted, and delivers requests a second time, late. kill() is a process that dies: from one file operation
// on nothing reaches the replica's files any more; then everything is dropped and opened again from what is there.
//
// The clock moves by steps and randomness comes from the seed, so a failing seed fails again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/result.hpp"
#include "database/database.hpp"
#include "server/service.hpp"
#include "support/temp_dir.hpp"
#include "sync/engine.hpp"

namespace turso::simulation {

using Random = std::mt19937_64;
using Row = std::vector<Value>;

class SimulatedEnvironment final : public Environment {
 public:
  explicit SimulatedEnvironment(std::uint64_t seed) : random_(seed) {}
  std::int64_t unix_time_ms() override { return now_ms_; }
  void fill_random(MutableByteView out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
  }
  void advance(std::int64_t ms) { now_ms_ += ms; }

 private:
  Random random_;
  std::int64_t now_ms_ = 1'700'000'000'000;
};

// How badly the network behaves; probabilities per event, out of 1000.
struct Weather {
  int lose_request = 0;
  int lose_answer = 0;
  int repeat_request = 0;
};

// What happened, so that a campaign can show that it did something.
struct Tally {
  std::int64_t transactions = 0;
  std::int64_t pushes = 0;    // that ended well
  std::int64_t applies = 0;   // likewise
  std::int64_t failures = 0;  // operations that ended with an error
  std::int64_t deaths = 0;
  std::int64_t lost = 0;      // requests and answers
  std::int64_t repeated = 0;  // requests
};

struct Replica {
  std::string path;
  std::shared_ptr<sync::Engine> engine;
  std::unique_ptr<database::Connection> app;
  std::unique_ptr<sync::Operation> operation;
  std::string doing;  // "", "create", "connect", "push", "wait", "apply"
  std::shared_ptr<sync::Changes> changes;
  std::optional<Error> last_failure;  // of an operation; an error is normal in bad weather
  int lives = 1;
};

class World {
 public:
  World(std::uint64_t seed, int replica_count, Weather weather);

  Random& random() { return random_; }
  int pick(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }
  bool chance(int of_1000) { return pick(1000) < of_1000; }
  Replica& replica(int index) { return replicas_[static_cast<std::size_t>(index)]; }
  int replica_count() const { return static_cast<int>(replicas_.size()); }
  Tally& tally() { return tally_; }

  // SQL of the app, on one replica. An error is the statement's.
  Status exec(Replica& replica, const std::string& sql);
  Result<std::vector<Row>> rows(Replica& replica, const std::string& sql);
  // The same at the server, through its pipeline.
  Result<std::vector<Row>> server_rows(const std::string& sql);

  // Starts create (then connect), push or wait (then apply) if the replica does nothing now.
  void begin(Replica& replica, const std::string& what);
  // One resume of the replica's operation, or one move of a message.
  void step();
  // Until the replica's operation has ended; the weather goes on.
  void finish(Replica& replica);

  // The process of the replica dies `after` file operations from now and starts again.
  void kill(Replica& replica, std::uint64_t after);

  // Good weather: pushes and pulls everywhere until nothing is pending and nothing is new.
  // Says what kept it from that, if anything did.
  Status quiesce();

 private:
  struct Message {
    std::shared_ptr<sync::IoItem> item;  // null: a late repetition, nobody waits for the answer
    server::Request request;
    bool answered = false;
    int status = 0;
    Bytes answer;
    std::size_t delivered = 0;
  };

  Status push_and_pull_until_quiet();
  void start(Replica& replica);
  void resume(Replica& replica);
  void ended(Replica& replica, const Status& status);
  void collect(Replica& replica);
  void move(std::size_t index);
  void serve(Message& message);
  server::Response call(const server::Request& request, Bytes& body);

  Random random_;
  Weather weather_;
  Tally tally_;
  test::TempDir dir_;
  std::shared_ptr<SimulatedEnvironment> environment_;
  std::unique_ptr<server::Service> server_;
  std::vector<Replica> replicas_;
  std::deque<Message> network_;
};

}  // namespace turso::simulation

// One handle: a queue of its own and operations on the replica that all handles of its path share.
#include "sync/engine.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"
#include "sync/cipher.hpp"
#include "sync/operations.hpp"
#include "wire/url.hpp"

namespace turso::sync {
namespace {

class Handle final : public Engine {
 public:
  explicit Handle(std::shared_ptr<Replica> replica) : replica_(std::move(replica)) {}

  std::unique_ptr<Operation> create() override { return operation(OperationKind::kCreate, run_create); }
  std::unique_ptr<Operation> open() override { return operation(OperationKind::kOpen, run_open); }
  std::unique_ptr<Operation> connect() override { return operation(OperationKind::kConnect, run_connect); }
  std::unique_ptr<Operation> stats() override { return operation(OperationKind::kStats, run_stats); }
  std::unique_ptr<Operation> checkpoint() override { return operation(OperationKind::kCheckpoint, run_checkpoint); }
  std::unique_ptr<Operation> push() override { return operation(OperationKind::kPush, run_push); }
  std::unique_ptr<Operation> wait() override { return operation(OperationKind::kWait, run_wait); }
  std::unique_ptr<Operation> apply(std::shared_ptr<Changes> changes) override {
    return operation(OperationKind::kApply, [changes = std::move(changes)](OperationContext context) mutable {
      return run_apply(std::move(context), std::move(changes));
    });
  }

  std::shared_ptr<IoItem> take_io_item() override { return queue_->take(); }
  void step_io_callbacks() override {}  // nothing completes outside of resume()

  Status set_option(std::string_view key, std::string_view value) override;
  const std::optional<Error>& last_error() const override { return last_error_; }

 private:
  using Run = std::function<Task<Status>(OperationContext)>;

  std::unique_ptr<Operation> operation(OperationKind kind, Run run) {
    // The replica lives as long as its operations, and so does the queue, which stands for the handle.
    auto body = [replica = replica_, queue = queue_, run = std::move(run)](Outcome& outcome) {
      return run(OperationContext{replica, queue, &outcome});
    };
    auto on_error = [handle = weak_from_this(), replica = replica_](const Error& error) {
      if (error.kind != ErrorKind::kMisuse) replica->last_error = error;
      if (auto engine = handle.lock()) static_cast<Handle&>(*engine).last_error_ = error;
    };
    return std::make_unique<CoroutineOperation>(replica_->gate(), kind, queue_, std::move(body), std::move(on_error));
  }

  std::shared_ptr<Replica> replica_;
  std::shared_ptr<IoQueue> queue_ = std::make_shared<IoQueue>();
  std::optional<Error> last_error_;
};

Result<bool> parse_bool(std::string_view key, std::string_view value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return Error{ErrorKind::kMisuse, concat("option ", key, " is ", excerpt(value), ", expected true or false")};
}

Status Handle::set_option(std::string_view key, std::string_view value) {
  std::lock_guard lock(replica_->gate()->mutex);
  if (key == "accept_remote_went_back") {
    TURSO_TRY(replica_->options.accept_remote_went_back, parse_bool(key, value));
    return ok();
  }
  if (key == "push_request_bytes_max") {
    std::optional<std::uint64_t> bytes = parse_uint64(value);
    if (!bytes || *bytes == 0) {
      return Error{ErrorKind::kMisuse, concat("option ", key, " is ", excerpt(value), ", expected a number of bytes")};
    }
    replica_->options.push_request_bytes_max = *bytes;
    return ok();
  }
  return Error{ErrorKind::kMisuse, concat("option ", excerpt(key),
                                          " is unknown; known are accept_remote_went_back, push_request_bytes_max")};
}

}  // namespace

Result<std::shared_ptr<Engine>> Engine::make(Config config) {
  if (!config.remote_url.empty()) {
    TURSO_TRY(config.remote_url, wire::normalize_remote_url(config.remote_url));
  }
  if (!config.remote_encryption_cipher.empty()) {
    TURSO_TRY(std::uint32_t reserved, reserved_bytes_of_cipher(config.remote_encryption_cipher));
    if (config.reserved_bytes == 0) config.reserved_bytes = reserved;
  }
  if (config.reserved_bytes > limits::kReservedBytesMax) {
    return Error{ErrorKind::kMisuse, concat("reserved_bytes is ", config.reserved_bytes, ", at most ",
                                            limits::kReservedBytesMax, " expected")};
  }
  TURSO_TRY(std::shared_ptr<Replica> replica, Replica::find_or_make(std::move(config)));
  return std::static_pointer_cast<Engine>(std::make_shared<Handle>(std::move(replica)));
}

}  // namespace turso::sync

// turso_sync_host.hpp -- part of turso_sync.hpp, which includes it: SyncDatabase and the loop that runs its operations.
#ifndef TURSO_SYNC_HOST_HPP
#define TURSO_SYNC_HOST_HPP

namespace turso_sync {

// ---- SyncDatabase ---------------------------------------------------------------------------------------------

struct SyncOptions {
  std::string path;
  std::string remote_url;  // empty: the saved one, or none yet
  std::string client_name = "turso-sync";
  std::int32_t long_poll_timeout_ms = 0;
  bool bootstrap_if_empty = true;
  std::int32_t reserved_bytes = 0;
  std::string remote_encryption_key, remote_encryption_cipher;
  std::size_t push_operations_threshold = 0;
  std::size_t pull_bytes_threshold = 0;
  std::int32_t partial_bootstrap_strategy_prefix = 0;
  std::string partial_bootstrap_strategy_query;
  std::size_t partial_bootstrap_segment_size = 0;
  bool partial_bootstrap_prefetch = false;
  bool logical_mvcc_pull = false;
  std::vector<std::pair<std::string, std::string>> named;  // turso_cdc_options_set
  RetryPolicy retry;                                       // of push, pull, wait and create
};

struct SyncStats {
  turso_sync_stats_t basic{};  // its revision slice is not to be used: see `revision`
  turso_cdc_stats_t more{};
  std::string revision;
};

class SyncDatabase {
 public:
  SyncDatabase(const SyncOptions& options, std::shared_ptr<Transport> transport)
      : retry_(options.retry), transport_(std::move(transport)) {
    Named named(options.named);
    turso_database_config_t database{};
    database.path = options.path.c_str();
    turso_sync_database_config_t config{};
    config.path = options.path.c_str();
    config.remote_url = detail::null_if_empty(options.remote_url);
    config.client_name = options.client_name.c_str();
    config.long_poll_timeout_ms = options.long_poll_timeout_ms;
    config.bootstrap_if_empty = options.bootstrap_if_empty;
    config.reserved_bytes = options.reserved_bytes;
    config.remote_encryption_key = detail::null_if_empty(options.remote_encryption_key);
    config.remote_encryption_cipher = detail::null_if_empty(options.remote_encryption_cipher);
    config.push_operations_threshold = options.push_operations_threshold;
    config.pull_bytes_threshold = options.pull_bytes_threshold;
    config.partial_bootstrap_strategy_prefix = options.partial_bootstrap_strategy_prefix;
    config.partial_bootstrap_strategy_query = detail::null_if_empty(options.partial_bootstrap_strategy_query);
    config.partial_bootstrap_segment_size = options.partial_bootstrap_segment_size;
    config.partial_bootstrap_prefetch = options.partial_bootstrap_prefetch;
    config.logical_mvcc_pull = options.logical_mvcc_pull;
    const turso_sync_database_t* handle = nullptr;
    const char* message = nullptr;
    turso_status_code_t status = turso_cdc_sync_database_new(&database, &config, named.get(), &handle, &message);
    if (status != TURSO_OK) detail::raise(status, message);
    handle_.reset(handle);
  }
  const turso_sync_database_t* get() const { return handle_.get(); }

  void open(Cancellation* cancellation = nullptr) { simple(turso_sync_database_open, Lane::kExclusive, cancellation); }
  void create(Cancellation* cancellation = nullptr) {
    simple(turso_sync_database_create, Lane::kExclusive, cancellation);
  }
  void checkpoint(Cancellation* cancellation = nullptr) {
    simple(turso_sync_database_checkpoint, Lane::kExclusive, cancellation);
  }
  void push(Cancellation* cancellation = nullptr) {
    simple(turso_sync_database_push_changes, Lane::kBesideWait, cancellation);
  }

  Connection connect(Cancellation* cancellation = nullptr) {
    return retried(cancellation, [&](Cancellation& stop) {
      Finished done = run(turso_sync_database_connect, Lane::kBesideWait, stop);
      const turso_connection_t* connection = nullptr;
      turso_status_code_t status = turso_sync_operation_result_extract_connection(done.get(), &connection);
      if (status != TURSO_OK)
        throw SyncError(status, detail::kind_of(status), "connect: the operation has no connection");
      return Connection(connection);
    });
  }

  SyncStats stats(Cancellation* cancellation = nullptr) {
    return retried(cancellation, [&](Cancellation& stop) {
      Finished done = run(turso_sync_database_stats, Lane::kBesideWait, stop);
      SyncStats stats;
      stats.more.struct_size = sizeof(stats.more);
      turso_status_code_t status = turso_sync_operation_result_extract_stats(done.get(), &stats.basic);
      if (status == TURSO_OK) status = turso_cdc_operation_stats(done.get(), &stats.more);
      if (status != TURSO_OK) throw SyncError(status, detail::kind_of(status), "stats: the operation has no stats");
      stats.revision = detail::text(stats.basic.revision);
      stats.basic.revision = {};
      return stats;
    });
  }

  // Downloads what is new and applies it. False: nothing was new. The wait is tried again together with the apply,
  // because a failed apply has consumed the download.
  bool pull(Cancellation* cancellation = nullptr) {
    return retried(cancellation, [&](Cancellation& stop) {
      detail::Handle<const turso_sync_changes_t, turso_sync_changes_deinit> changes;
      {
        Finished done = run(turso_sync_database_wait_changes, Lane::kWait, stop);
        const turso_sync_changes_t* found = nullptr;
        turso_status_code_t status = turso_sync_operation_result_extract_changes(done.get(), &found);
        if (status != TURSO_OK) throw SyncError(status, detail::kind_of(status), "wait: the operation has no changes");
        changes.reset(found);
      }
      if (changes == nullptr) return false;
      auto start = [&](const turso_sync_database_t* self, const turso_sync_operation_t** operation,
                       const char** error) {
        return turso_sync_database_apply_changes(self, changes.release(), operation, error);
      };
      run(start, Lane::kExclusive, stop);
      return true;
    });
  }

  // Push, then pull, until neither has anything to do; at most `rounds_max` times. True: quiet.
  bool sync(int rounds_max = 8, Cancellation* cancellation = nullptr) {
    for (int round = 0; round < rounds_max; ++round) {
      push(cancellation);
      bool news = pull(cancellation);
      if (!news && stats(cancellation).basic.cdc_operations == 0) return true;
    }
    return false;
  }

 private:
  using Lane = detail::Turns::Lane;
  using OperationHandle = detail::Handle<const turso_sync_operation_t, turso_sync_operation_deinit>;
  using ItemHandle = detail::Handle<const turso_sync_io_item_t, turso_sync_database_io_item_deinit>;
  using Finished = OperationHandle;

  class Named {  // turso_cdc_options_t for the time of construction
   public:
    explicit Named(const std::vector<std::pair<std::string, std::string>>& pairs) {
      if (pairs.empty()) return;
      const char* message = nullptr;
      turso_cdc_options_t* options = nullptr;
      turso_status_code_t status = turso_cdc_options_new(&options, &message);
      handle_.reset(options);
      for (const auto& [key, value] : pairs)
        if (status == TURSO_OK) status = turso_cdc_options_set(options, key.c_str(), value.c_str(), &message);
      if (status != TURSO_OK) detail::raise(status, message);
    }
    const turso_cdc_options_t* get() const { return handle_.get(); }

   private:
    detail::Handle<turso_cdc_options_t, turso_cdc_options_deinit> handle_;
  };

  // One operation from its start to its end.
  class Run;

  template <typename Start>
  Finished run(Start start, Lane lane, Cancellation& cancellation);

  template <typename Start>
  void simple(Start start, Lane lane, Cancellation* cancellation) {
    retried(cancellation, [&](Cancellation& stop) { return run(start, lane, stop) != nullptr; });
  }

  template <typename Call>
  auto retried(Cancellation* cancellation, Call call) -> decltype(call(*cancellation)) {
    Cancellation none;
    Cancellation& stop = cancellation != nullptr ? *cancellation : none;
    for (int attempt = 1;; ++attempt) {
      std::int64_t pause_ms = 0;
      try {
        return call(stop);
      } catch (const SyncError& error) {
        auto again = retry_.delay_ms(attempt, error, random());
        if (!again || stop.cancelled()) throw;
        pause_ms = *again;
      }
      stop.sleep_ms(pause_ms);  // a cancelled pause ends in the next attempt, with kind CANCELLED
    }
  }

  double random() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::uniform_real_distribution<double>(0, 1)(jitter_);
  }

  RetryPolicy retry_;
  std::shared_ptr<Transport> transport_;
  detail::Handle<const turso_sync_database_t, turso_sync_database_deinit> handle_;
  detail::Turns turns_;
  std::mutex mutex_;  // resume and take of items; see ITEMS
  std::minstd_rand jitter_{std::random_device{}()};
};

class SyncDatabase::Run final : public HttpAnswer {
 public:
  Run(SyncDatabase& database, const turso_sync_operation_t* operation, Cancellation& cancellation)
      : database_(database), operation_(operation), cancellation_(cancellation) {
    cancellation_.watch(operation);
  }
  ~Run() override {
    cancellation_.watch(nullptr);
    turso_str_deinit(message_);
  }

  void to_the_end() {
    for (step(); status_ == TURSO_IO; step()) {
      if (items_.empty()) cancellation_.sleep_ms(kIdlePauseMs);  // another handle's operation is at work
      while (!items_.empty()) perform_next();
    }
    if (status_ != TURSO_DONE) fail();
  }

  void status(int code) override {
    turso_status_code_t accepted = turso_sync_database_io_status(item_.get(), code);
    if (accepted != TURSO_OK) throw std::runtime_error("HTTP status " + std::to_string(code));
  }
  void header(std::string_view name, std::string_view value) override {
    if (name.size() != 11 || !std::equal(name.begin(), name.end(), "retry-after", [](char a, char b) {
          return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
        }))
      return;
    auto now = std::chrono::system_clock::now().time_since_epoch();
    retry_after_ms_ =
        parse_retry_after(std::string(value), std::chrono::duration_cast<std::chrono::seconds>(now).count());
  }
  bool data(std::string_view piece) override {
    turso_slice_ref_t bytes = detail::slice(piece);
    if (turso_sync_database_io_push_buffer(item_.get(), &bytes) != TURSO_OK) return false;
    unread_ += piece.size();
    if (unread_ >= kStreamBytes && status_ == TURSO_IO) {
      unread_ = 0;
      step();
    }
    return status_ == TURSO_IO;
  }
  Cancellation& cancellation() override { return cancellation_; }

 private:
  static constexpr std::int64_t kIdlePauseMs = 5;
  static constexpr std::size_t kStreamBytes = 64 * 1024;  // what the library reads at once

  void step() {
    std::lock_guard<std::mutex> lock(database_.mutex_);
    turso_str_deinit(message_);
    message_ = nullptr;
    status_ = turso_sync_operation_resume(operation_, &message_);
    for (;;) {
      const turso_sync_io_item_t* item = nullptr;
      if (turso_sync_database_io_take_item(database_.get(), &item, nullptr) != TURSO_OK || item == nullptr) break;
      items_.emplace_back(item);
    }
    turso_sync_database_io_step_callbacks(database_.get(), nullptr);
  }

  void perform_next() {
    item_ = std::move(items_.front());
    items_.pop_front();
    unread_ = 0;
    try {
      if (turso_sync_database_io_request_kind(item_.get()) != TURSO_SYNC_IO_HTTP)
        throw std::runtime_error("this host performs HTTP requests only");
      database_.transport_->perform(request(), *this);
      turso_sync_database_io_done(item_.get());
    } catch (const std::exception& failure) {
      turso_slice_ref_t reason = detail::slice(failure.what());
      turso_sync_database_io_poison(item_.get(), &reason);
    }
    item_.reset();  // what was pushed stays with the operation until its next step
  }

  HttpRequest request() const {
    turso_sync_io_http_request_t raw{};
    if (turso_sync_database_io_request_http(item_.get(), &raw) != TURSO_OK) throw std::runtime_error("no HTTP request");
    HttpRequest request{detail::text(raw.url), detail::text(raw.method), detail::text(raw.path), {}, {}};
    for (std::int32_t i = 0; i < raw.headers; ++i) {
      turso_sync_io_http_header_t header{};
      turso_sync_database_io_request_http_header(item_.get(), static_cast<std::size_t>(i), &header);
      request.headers.emplace_back(detail::text(header.key), detail::text(header.value));
    }
    request.body = {static_cast<const char*>(raw.body.ptr), raw.body.len};
    return request;
  }

  [[noreturn]] void fail() {
    try {
      detail::raise(status_, std::exchange(message_, nullptr),
                    [&](turso_cdc_error_t* full) { return turso_cdc_operation_error(operation_, full); });
    } catch (SyncError& error) {
      error.retry_after_ms = retry_after_ms_;
      throw;
    }
  }

  SyncDatabase& database_;
  const turso_sync_operation_t* operation_;
  Cancellation& cancellation_;
  turso_status_code_t status_ = TURSO_IO;
  const char* message_ = nullptr;
  std::deque<ItemHandle> items_;
  ItemHandle item_;
  std::size_t unread_ = 0;
  std::optional<std::int64_t> retry_after_ms_;
};

template <typename Start>
SyncDatabase::Finished SyncDatabase::run(Start start, Lane lane, Cancellation& cancellation) {
  detail::Turns::Turn turn(turns_, lane, cancellation);
  const turso_sync_operation_t* raw = nullptr;
  const char* message = nullptr;
  turso_status_code_t status = start(get(), &raw, &message);
  if (status != TURSO_OK) detail::raise(status, message);
  OperationHandle operation(raw);
  Run(*this, raw, cancellation).to_the_end();
  return operation;
}

}  // namespace turso_sync

#endif  // TURSO_SYNC_HOST_HPP

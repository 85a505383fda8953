// turso_sync_turns.hpp -- part of turso_sync.hpp, which includes it: cancelling, transports, retries, turns.
#ifndef TURSO_SYNC_TURNS_HPP
#define TURSO_SYNC_TURNS_HPP

namespace turso_sync {

// ---- Cancelling -----------------------------------------------------------------------------------------------

// Stops the call that it was passed to, from any thread, for good. Pass a new one to each call.
class Cancellation {
 public:
  void cancel() {
    std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    if (operation_ != nullptr) turso_cdc_operation_cancel(operation_);
    if (on_cancel_) on_cancel_();
    changed_.notify_all();
  }
  bool cancelled() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return cancelled_;
  }
  // What a transport does to end the request that it is performing, called at most while it is set. Null unsets it.
  // The action must not wait for the thread that performs, nor call this object.
  void on_cancel(std::function<void()> action) {
    std::lock_guard<std::mutex> lock(mutex_);
    on_cancel_ = std::move(action);
    if (cancelled_ && on_cancel_) on_cancel_();
  }
  // False when cancelled before the time was over.
  bool sleep_ms(std::int64_t duration_ms) {
    std::unique_lock<std::mutex> lock(mutex_);
    return !changed_.wait_for(lock, std::chrono::milliseconds(duration_ms), [&] { return cancelled_; });
  }

 private:
  friend class SyncDatabase;
  void watch(const turso_sync_operation_t* operation) {
    std::lock_guard<std::mutex> lock(mutex_);
    operation_ = operation;
    if (cancelled_ && operation_ != nullptr) turso_cdc_operation_cancel(operation_);
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  const turso_sync_operation_t* operation_ = nullptr;
  std::function<void()> on_cancel_;
};

// ---- Transport ------------------------------------------------------------------------------------------------

struct HttpRequest {
  std::string url;  // the remote as the database knows it, maybe saved from before; empty: the host must know
  std::string method;
  std::string path;  // begins with '/', to be appended to the URL
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;  // lives during perform()
};

// Takes the answer to one request, in order: status, headers, data. Used by the thread that performs.
class HttpAnswer {
 public:
  virtual ~HttpAnswer() = default;
  virtual void status(int code) = 0;
  virtual void header(std::string_view name, std::string_view value) = 0;  // only retry-after is looked at
  // False: nobody wants more, the transport may stop.
  virtual bool data(std::string_view piece) = 0;
  virtual Cancellation& cancellation() = 0;
};

// How a host performs requests. Several threads may be inside perform() at once.
class Transport {
 public:
  virtual ~Transport() = default;
  // Performs the request to its end. An HTTP status, whatever it is, is an answer. When no answer can be had, throws
  // any std::exception that says why. Adds authorization; follows the cancellation of `answer`.
  virtual void perform(const HttpRequest& request, HttpAnswer& answer) = 0;
};

// ---- Retrying -------------------------------------------------------------------------------------------------

// How often a failed call is tried again, if its error is retryable, and how long to pause: a random time up to
// base * 2^attempt ("full jitter"), never less than what the server asked for.
struct RetryPolicy {
  int attempts_max = 1;  // 1: never again
  std::int64_t base_ms = 200;
  std::int64_t delay_ms_max = 30000;
  std::int64_t retry_after_ms_max = 120000;  // a server that asks for more is answered with the error

  // `attempt` counts from 1; nothing: give up. `random` is in [0, 1).
  std::optional<std::int64_t> delay_ms(int attempt, const SyncError& error, double random) const {
    if (!error.retryable || attempt >= attempts_max) return std::nullopt;
    std::int64_t span = base_ms;
    for (int i = 1; i < attempt && span < delay_ms_max; ++i) span *= 2;
    auto pause = static_cast<std::int64_t>(static_cast<double>(std::min(span, delay_ms_max)) * random);
    if (!error.retry_after_ms) return pause;
    if (*error.retry_after_ms > retry_after_ms_max) return std::nullopt;
    return std::max(pause, *error.retry_after_ms);
  }
};

namespace detail {

// Days since 1970-01-01 of a date of the Gregorian calendar.
inline std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  std::int64_t year_of_era = year - era * 400;
  std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

}  // namespace detail

// The header Retry-After, seconds or an HTTP date, in milliseconds from now; nothing when it is neither.
inline std::optional<std::int64_t> parse_retry_after(const std::string& value, std::int64_t now_unix_seconds) {
  if (!value.empty() && value.size() <= 9 && value.find_first_not_of("0123456789") == std::string::npos)
    return std::stoll(value) * 1000;
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  char month[4] = {};
  if (std::sscanf(value.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute, &second) != 6)
    return std::nullopt;
  std::size_t index = std::string_view("JanFebMarAprMayJunJulAugSepOctNovDec").find(month);
  if (index == std::string_view::npos || index % 3 != 0) return std::nullopt;
  std::int64_t then =
      detail::days_from_civil(year, static_cast<int>(index / 3) + 1, day) * 86400 + hour * 3600 + minute * 60 + second;
  return std::max<std::int64_t>(0, then - now_unix_seconds) * 1000;
}

// ---- Turns ----------------------------------------------------------------------------------------------------

namespace detail {

// First come, first served, one at a time; beside a wait one of push, stats and connect may run, and passes those who
// stand only behind the wait.
class Turns {
 public:
  enum class Lane { kWait, kBesideWait, kExclusive };

  class Turn {
   public:
    Turn(Turns& turns, Lane lane, Cancellation& cancellation) : turns_(turns), lane_(lane) {
      turns_.enter(lane, cancellation);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_.leave(lane_); }

   private:
    Turns& turns_;
    Lane lane_;
  };

 private:
  static constexpr std::int64_t kCancelPollMs = 20;  // a cancelled caller leaves the queue within this time

  void enter(Lane lane, Cancellation& cancellation) {
    std::unique_lock<std::mutex> lock(mutex_);
    std::uint64_t ticket = next_ticket_++;
    queue_.emplace_back(ticket, lane);
    while (!may_enter(ticket, lane)) {
      changed_.wait_for(lock, std::chrono::milliseconds(kCancelPollMs));
      if (cancellation.cancelled()) {
        remove(ticket);
        throw SyncError(TURSO_INTERRUPT, TURSO_CDC_ERROR_CANCELLED, "cancelled while waiting for another operation");
      }
    }
    remove(ticket);
    (lane == Lane::kWait ? wait_runs_ : active_runs_) = true;
    if (lane == Lane::kExclusive) exclusive_runs_ = true;
  }
  void leave(Lane lane) {
    std::lock_guard<std::mutex> lock(mutex_);
    (lane == Lane::kWait ? wait_runs_ : active_runs_) = false;
    if (lane == Lane::kExclusive) exclusive_runs_ = false;
    changed_.notify_all();
  }
  bool fits(Lane lane) const {
    if (lane == Lane::kWait) return !wait_runs_ && !exclusive_runs_;
    return !active_runs_ && (lane == Lane::kBesideWait || !wait_runs_);
  }
  static bool conflict(Lane a, Lane b) {
    if (a == Lane::kWait || b == Lane::kWait) return a == b || a == Lane::kExclusive || b == Lane::kExclusive;
    return true;
  }
  bool may_enter(std::uint64_t ticket, Lane lane) const {
    if (!fits(lane)) return false;
    for (const auto& earlier : queue_) {
      if (earlier.first == ticket) break;
      bool behind_wait = wait_runs_ && earlier.second == Lane::kExclusive;
      if (conflict(earlier.second, lane) && !(behind_wait && lane == Lane::kBesideWait)) return false;
    }
    return true;
  }
  void remove(std::uint64_t ticket) {
    queue_.erase(std::find_if(queue_.begin(), queue_.end(), [&](const auto& one) { return one.first == ticket; }));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::uint64_t, Lane>> queue_;
  std::uint64_t next_ticket_ = 0;
  bool wait_runs_ = false, active_runs_ = false, exclusive_runs_ = false;
};

}  // namespace detail

}  // namespace turso_sync

#endif  // TURSO_SYNC_TURNS_HPP

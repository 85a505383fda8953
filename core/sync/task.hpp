// task.hpp -- coroutines of the engine: a Task that other Tasks await, and the Runner that drives them.
//
// DESIGN   A Runner holds the innermost running coroutine of one operation and resumes it in a flat loop. To await
//          a Task makes it the innermost one and returns to the loop; its end makes the awaiting one innermost
//          again. Nothing resumes anything recursively, so a million awaits use no stack at any optimisation level
//          (symmetric transfer is a tail call only where the compiler pleases).
// RULES    An awaited Task has a name (operator co_await takes an lvalue); parameters are values, because references
//          die with the caller; no lock is held across co_await; only what can wait for the host is a Task.
// DROPPING a Task destroys its frame and, through it, those of the Tasks that it awaits: whatever must be undone is
//          undone by destructors of locals.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace turso::sync {

enum class RunState : std::uint8_t {
  kNeedsInput,  // parked until the host has done something
  kTurnEnded,   // parked only to let others at the engine; run again at once
  kDone,
};

class Runner {
 public:
  // `task` must outlive the runs.
  template <typename TaskType>
  void start(TaskType& task) {
    auto handle = task.handle();
    handle.promise().runner = this;
    current_ = handle;
  }

  // Resumes until the innermost coroutine parks or the outermost one ends.
  RunState run() {
    parked_.reset();
    while (current_ && !parked_) current_.resume();
    return current_ ? *parked_ : RunState::kDone;
  }

  void make_current(std::coroutine_handle<> handle) { current_ = handle; }
  void park(RunState why) { parked_ = why; }

 private:
  std::coroutine_handle<> current_;
  std::optional<RunState> parked_;
};

namespace detail {

struct PromiseBase {
  Runner* runner = nullptr;
  std::coroutine_handle<> awaiting;  // null for the outermost
  std::exception_ptr exception;      // bad_alloc and friends; nothing of ours throws

  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      ended.promise().runner->make_current(ended.promise().awaiting);
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

}  // namespace detail

// A coroutine that ends with a T (a Status or a Result). Starts when awaited, or when a Runner runs it.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::PromiseBase {
    std::optional<T> value;

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <typename From>
    void return_value(From&& from) {
      value.emplace(std::forward<From>(from));
    }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  Handle handle() const { return handle_; }

  // The value of an ended Task, once.
  T take() {
    TURSO_ASSERT(handle_ && handle_.done());
    if (handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
    return std::move(*handle_.promise().value);
  }

  struct Awaiter {
    Task& task;
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
      task.handle_.promise().awaiting = parent;
      task.handle_.promise().runner = parent.promise().runner;
      parent.promise().runner->make_current(task.handle_);
    }
    T await_resume() const { return task.take(); }
  };
  Awaiter operator co_await() & { return Awaiter{*this}; }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  Handle handle_;
};

// co_await Park{...}: back to whoever called run().
struct Park {
  RunState why = RunState::kNeedsInput;
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> parked) const noexcept {
    parked.promise().runner->park(why);
  }
  void await_resume() const noexcept {}
};

}  // namespace turso::sync

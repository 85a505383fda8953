// gate.hpp -- answers misuse, instead of racing, when a second thread enters a connection or its statements.
//
// A connection and its statements belong to one thread at a time. Every call enters the gate of its
// connection; a call that finds another thread inside is refused and touches nothing. The thread that is
// inside may enter again: a user function that a statement calls may read through the same connection.
#pragma once

#include <atomic>

#include "base/result.hpp"

namespace turso::database {

class Gate {
 public:
  // Holds the gate for one call; false when another thread is inside.
  class Entry {
   public:
    explicit Entry(Gate& gate) : gate_(gate.enter() ? &gate : nullptr) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() {
      if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }
    bool nested() const { return gate_ != nullptr && gate_->depth_ > 1; }

   private:
    Gate* gate_;
  };

 private:
  static const void* this_thread() {
    static thread_local const char token = 0;
    return &token;
  }

  bool enter() {
    const void* nobody = nullptr;
    if (owner_.load(std::memory_order_relaxed) != this_thread() &&
        !owner_.compare_exchange_strong(nobody, this_thread(), std::memory_order_acquire, std::memory_order_relaxed))
      return false;
    ++depth_;
    return true;
  }

  void leave() {
    if (--depth_ == 0) owner_.store(nullptr, std::memory_order_release);
  }

  std::atomic<const void*> owner_{nullptr};
  int depth_ = 0;  // touched by the owner only
};

}  // namespace turso::database

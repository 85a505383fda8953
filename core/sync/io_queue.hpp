// io_queue.hpp -- the requests that wait for the host, oldest first.
//
// One queue per handle: a second handle on the same path has a loop of its own, which must get its own items.
// An item that the host has not taken yet is withdrawn when its operation goes; one that it has taken lives on in
// the host's hands, and what is pushed into it then is dropped.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "sync/engine.hpp"

namespace turso::sync {

class IoQueue {
 public:
  void push(std::shared_ptr<IoItem> item);
  std::shared_ptr<IoItem> take();  // null: none
  void withdraw(const IoItem* item);

 private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<IoItem>> items_;
};

// An item in a queue, withdrawn and abandoned at the end of scope.
class IoLease {
 public:
  IoLease(std::shared_ptr<IoQueue> queue, std::shared_ptr<IoItem> item);
  IoLease(IoLease&&) = default;
  IoLease& operator=(IoLease&&) = delete;
  ~IoLease();

  IoItem& item() { return *item_; }

 private:
  std::shared_ptr<IoQueue> queue_;
  std::shared_ptr<IoItem> item_;
};

}  // namespace turso::sync

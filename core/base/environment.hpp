// environment.hpp -- time and randomness, the two things a deterministic run must be able to replace.
//
// Every engine, database and server core holds an Environment by shared_ptr; nothing below reads a clock
// or a random source in another way. The default is the system's; simulations and tests pass their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace turso {

class Environment {
 public:
  virtual ~Environment() = default;
  virtual std::int64_t unix_time_ms() = 0;
  virtual void fill_random(MutableByteView out) = 0;

  std::int64_t unix_time() { return unix_time_ms() / 1000; }  // seconds
  std::uint64_t random_u64();
  std::int64_t random_nonce();  // 1 .. 2^63-1
  std::string random_uuid();    // version 4, lower case with dashes
};

std::shared_ptr<Environment> system_environment();

// Replaces the environment that system_environment() hands out; for tests, before anything is opened.
// Null functions restore the system's.
void override_environment(std::function<std::int64_t()> unix_time_ms, std::function<void(MutableByteView)> fill_random);

}  // namespace turso

#include "base/environment.hpp"

#include <sys/random.h>

#include <chrono>
#include <mutex>

#include "base/assert.hpp"

namespace turso {
namespace {

struct Overrides {
  std::mutex mutex;
  std::function<std::int64_t()> unix_time_ms;
  std::function<void(MutableByteView)> fill_random;
};

Overrides& overrides() {
  static Overrides instance;
  return instance;
}

class SystemEnvironment final : public Environment {
 public:
  std::int64_t unix_time_ms() override {
    {
      std::lock_guard lock(overrides().mutex);
      if (overrides().unix_time_ms) return overrides().unix_time_ms();
    }
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }

  void fill_random(MutableByteView out) override {
    {
      std::lock_guard lock(overrides().mutex);
      if (overrides().fill_random) return overrides().fill_random(out);
    }
    while (!out.empty()) {
      std::size_t chunk = out.size() < 256 ? out.size() : 256;  // getentropy's limit
      TURSO_ASSERT(getentropy(out.data(), chunk) == 0);
      out = out.subspan(chunk);
    }
  }
};

}  // namespace

std::uint64_t Environment::random_u64() {
  std::uint8_t raw[8];
  fill_random(raw);
  return load_u64_le(raw);
}

std::int64_t Environment::random_nonce() {
  for (;;) {
    auto nonce = static_cast<std::int64_t>(random_u64() >> 1);
    if (nonce != 0) return nonce;
  }
}

std::string Environment::random_uuid() {
  std::uint8_t raw[16];
  fill_random(raw);
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);
  std::string hex = to_hex(raw);
  for (std::size_t at : {20u, 16u, 12u, 8u}) hex.insert(at, 1, '-');
  return hex;
}

std::shared_ptr<Environment> system_environment() {
  static auto instance = std::make_shared<SystemEnvironment>();
  return instance;
}

void override_environment(std::function<std::int64_t()> unix_time_ms,
                          std::function<void(MutableByteView)> fill_random) {
  std::lock_guard lock(overrides().mutex);
  overrides().unix_time_ms = std::move(unix_time_ms);
  overrides().fill_random = std::move(fill_random);
}

}  // namespace turso

// testing.cpp -- turso_cdc_test_*: time, randomness and failing file operations, for tests of hosts.
#define TURSO_CDC_TESTING
#include "base/environment.hpp"
#include "base/failpoint.hpp"
#include "guard.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

struct Overrides {
  int64_t (*unix_time_ms)(void*) = nullptr;
  void* clock_context = nullptr;
  void (*fill)(void*, uint8_t*, size_t) = nullptr;
  void* random_context = nullptr;

  void apply() const {
    std::function<std::int64_t()> clock;
    std::function<void(MutableByteView)> random;
    if (unix_time_ms != nullptr) clock = [f = unix_time_ms, c = clock_context] { return f(c); };
    if (fill != nullptr) random = [f = fill, c = random_context](MutableByteView out) { f(c, out.data(), out.size()); };
    override_environment(std::move(clock), std::move(random));
  }
};

Overrides& overrides() {
  static Overrides instance;
  return instance;
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

void turso_cdc_test_set_clock(int64_t (*unix_time_ms)(void* context), void* context) noexcept {
  overrides().unix_time_ms = unix_time_ms;
  overrides().clock_context = context;
  guard_value(0, [] { return overrides().apply(), 0; });
}

void turso_cdc_test_set_random(void (*fill)(void* context, uint8_t* out, size_t len), void* context) noexcept {
  overrides().fill = fill;
  overrides().random_context = context;
  guard_value(0, [] { return overrides().apply(), 0; });
}

void turso_cdc_test_set_failpoint(const turso_cdc_failpoint_t* failpoint) noexcept {
  guard_value(0, [&] {
    if (failpoint == nullptr || failpoint->struct_size < sizeof(turso_cdc_failpoint_t)) {
      clear_failpoint();
      return 0;
    }
    Failpoint set;
    set.mode = static_cast<Failpoint::Mode>(failpoint->mode);
    set.at = failpoint->at;
    set.part = static_cast<Failpoint::Part>(failpoint->part);
    set.disk_full = failpoint->disk_full != 0;
    set.path_prefix = failpoint->path_prefix != nullptr ? failpoint->path_prefix : "";
    set_failpoint(set);
    return 0;
  });
}

uint64_t turso_cdc_test_failpoint_count(void) noexcept { return failpoint_count(); }
uint64_t turso_cdc_test_failpoint_failures(void) noexcept { return failpoint_failures(); }

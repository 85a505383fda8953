// assert.hpp -- TURSO_ASSERT: what must be true of our own code, checked in every build.
//
// For programmer errors only: bytes from the network, the disk or the host are checked and answered with
// an Error instead. A failed assertion throws AssertionFailed, which the guard of the C ABI turns into a
// status and a text, so that the host process lives on; the unwinding destructors leave no lock behind.
#pragma once

#include <stdexcept>

namespace turso {

class AssertionFailed : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace turso

#define TURSO_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::turso::assertion_failed(#condition, __FILE__, __LINE__))

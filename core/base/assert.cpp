#include "base/assert.hpp"

#include <string>

namespace turso {

void assertion_failed(const char* condition, const char* file, int line) {
  throw AssertionFailed(std::string("internal error: ") + condition + " does not hold at " + file + ":" +
                        std::to_string(line));
}

}  // namespace turso

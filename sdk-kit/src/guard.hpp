// guard.hpp -- the border between C and C++: nothing is thrown across it, every failure becomes a status and a text.
#pragma once

#include <new>
#include <string_view>

#include "base/result.hpp"
#include "turso_cdc.h"

namespace turso::capi {

turso_status_code_t status_of(ErrorKind kind);
turso_cdc_error_kind_t cdc_kind_of(ErrorKind kind);

// A zero-terminated copy for C, freed by turso_str_deinit; null only when memory is out. Inner zeros end it for C.
const char* copy_text(std::string_view text);

// Stores the text, if the caller wants it, and answers the status.
turso_status_code_t report(const Error& error, const char** error_out) noexcept;

inline Error null_pointer() { return {ErrorKind::kMisuse, "got null pointer"}; }

// Runs `call`, which answers Status (then ok is TURSO_OK) or Result<turso_status_code_t>.
template <typename Call>
turso_status_code_t guard(const char** error_out, Call&& call) noexcept {
  try {
    auto outcome = call();
    if (!outcome.has_value()) return report(outcome.error(), error_out);
    if constexpr (std::is_same_v<decltype(outcome), Status>) {
      return TURSO_OK;
    } else {
      return outcome.value();
    }
  } catch (const std::bad_alloc&) {
    return report(Error{ErrorKind::kError, "out of memory"}, error_out);
  } catch (const std::exception& thrown) {
    return report(Error{ErrorKind::kError, thrown.what()}, error_out);
  } catch (...) {
    return report(Error{ErrorKind::kError, "an exception of unknown type"}, error_out);
  }
}

// Runs `call`, whose answer cannot carry an error; `otherwise` stands for one.
template <typename T, typename Call>
T guard_value(T otherwise, Call&& call) noexcept {
  try {
    return call();
  } catch (...) {
    return otherwise;
  }
}

}  // namespace turso::capi

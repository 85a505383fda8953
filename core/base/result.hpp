// result.hpp -- Result<T> and Status: a value or the Error that explains why there is none.
//
// The names are those of std::expected, which libstdc++ 12 offers only in C++23. Failure travels by
// return; nothing in core/ throws. A Result must be looked at: it is [[nodiscard]], and ignoring one on
// purpose reads `discard(result, "why")`.
#pragma once

#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "base/error.hpp"

namespace turso {

// What makes an Error convertible into any Result: `return unexpected(error)` or simply `return error`.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  // A unique_ptr<Derived> becomes a Result<unique_ptr<Base>> and the like.
  template <typename U>
  requires(std::is_convertible_v<U, T> && !std::is_same_v<std::decay_t<U>, T> &&
           !std::is_same_v<std::decay_t<U>, Error> && !std::is_same_v<std::decay_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<0>, T(std::forward<U>(value))) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    TURSO_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    TURSO_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    TURSO_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    TURSO_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    TURSO_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    TURSO_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }

  Error& error() & {
    TURSO_ASSERT(!has_value());
    return *error_;
  }
  const Error& error() const& {
    TURSO_ASSERT(!has_value());
    return *error_;
  }
  Error&& error() && {
    TURSO_ASSERT(!has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status ok() { return {}; }

// Says that a failure is meant to be ignored, and why.
template <typename T>
void discard(const Result<T>& /*result*/, std::string_view /*why*/) {}

}  // namespace turso

#define TURSO_CONCAT_INNER(a, b) a##b
#define TURSO_CONCAT(a, b) TURSO_CONCAT_INNER(a, b)

// TURSO_TRY(auto x, f()): declares x from the value of f(), or returns its error.
#define TURSO_TRY(declaration, ...) \
  TURSO_TRY_IMPL(TURSO_CONCAT(turso_try_, __COUNTER__), return, declaration, __VA_ARGS__)
#define TURSO_CO_TRY(declaration, ...) \
  TURSO_TRY_IMPL(TURSO_CONCAT(turso_try_, __COUNTER__), co_return, declaration, __VA_ARGS__)
#define TURSO_TRY_IMPL(name, leave, declaration, ...)   \
  auto name = (__VA_ARGS__);                            \
  if (!name.has_value()) leave std::move(name).error(); \
  declaration = std::move(name).value()

// TURSO_CHECK(f()): returns the error of f(), if any; the value, if any, is dropped.
#define TURSO_CHECK(...) TURSO_CHECK_IMPL(TURSO_CONCAT(turso_check_, __COUNTER__), return, __VA_ARGS__)
#define TURSO_CO_CHECK(...) TURSO_CHECK_IMPL(TURSO_CONCAT(turso_check_, __COUNTER__), co_return, __VA_ARGS__)
#define TURSO_CHECK_IMPL(name, leave, ...)                \
  do {                                                    \
    auto name = (__VA_ARGS__);                            \
    if (!name.has_value()) leave std::move(name).error(); \
  } while (false)

// pinned.cpp -- what must be the same on both sides of the border, checked when the library is compiled.
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "sync/engine.hpp"
#include "turso_cdc.h"

namespace turso::capi {
namespace {

template <typename A, typename B>
constexpr bool same(A ours, B theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}

using Kind = sync::Operation::Result_;
static_assert(same(Kind::kNone, TURSO_ASYNC_RESULT_NONE) && same(Kind::kConnection, TURSO_ASYNC_RESULT_CONNECTION) &&
              same(Kind::kChanges, TURSO_ASYNC_RESULT_CHANGES) && same(Kind::kStats, TURSO_ASYNC_RESULT_STATS));
static_assert(same(sync::IoKind::kNone, TURSO_SYNC_IO_NONE) && same(sync::IoKind::kHttp, TURSO_SYNC_IO_HTTP) &&
              same(sync::IoKind::kFullRead, TURSO_SYNC_IO_FULL_READ) &&
              same(sync::IoKind::kFullWrite, TURSO_SYNC_IO_FULL_WRITE));
static_assert(same(LogLevel::kError, TURSO_TRACING_LEVEL_ERROR) && same(LogLevel::kWarn, TURSO_TRACING_LEVEL_WARN) &&
              same(LogLevel::kInfo, TURSO_TRACING_LEVEL_INFO) && same(LogLevel::kDebug, TURSO_TRACING_LEVEL_DEBUG) &&
              same(LogLevel::kTrace, TURSO_TRACING_LEVEL_TRACE));
static_assert(same(sync::Compare::kNone, TURSO_CDC_COMPARE_NONE) &&
              same(sync::Compare::kTracked, TURSO_CDC_COMPARE_TRACKED) &&
              same(sync::Compare::kFull, TURSO_CDC_COMPARE_FULL));
static_assert(same(Failpoint::Mode::kCount, 0) && same(Failpoint::Mode::kFailOnce, 1) &&
              same(Failpoint::Mode::kStop, 2) && same(Failpoint::Mode::kExit, 3));
static_assert(same(Failpoint::Part::kNone, 0) && same(Failpoint::Part::kHalf, 1) && same(Failpoint::Part::kAll, 2));

}  // namespace
}  // namespace turso::capi

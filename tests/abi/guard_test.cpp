// guard.hpp: whatever happens on the C++ side arrives in C as a status and a text.
#include "guard.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace turso::capi {
namespace {

template <typename Call>
std::pair<turso_status_code_t, std::string> guarded(Call call) {
  const char* text = nullptr;
  turso_status_code_t status = guard(&text, call);
  std::string message = text != nullptr ? text : "";
  turso_str_deinit(text);
  return {status, message};
}

TEST(Guard, AnErrorBecomesItsStatusAndText) {
  auto [status, message] = guarded([]() -> Status { return Error{ErrorKind::kCorrupt, "page 7 is damaged"}; });
  EXPECT_EQ(status, TURSO_CORRUPT);
  EXPECT_EQ(message, "page 7 is damaged");
}

TEST(Guard, SuccessStoresNoText) {
  auto [status, message] = guarded([]() -> Status { return ok(); });
  EXPECT_EQ(status, TURSO_OK);
  EXPECT_EQ(message, "");
}

TEST(Guard, ExceptionsStopAtTheBorder) {
  EXPECT_EQ(guarded([]() -> Status { throw std::runtime_error("oh"); }),
            std::make_pair(TURSO_ERROR, std::string("oh")));
  EXPECT_EQ(guarded([]() -> Status { throw std::bad_alloc(); }),
            std::make_pair(TURSO_ERROR, std::string("out of memory")));
  EXPECT_EQ(guarded([]() -> Status { throw 7; }).first, TURSO_ERROR);
  auto [status, message] = guarded([]() -> Status {
    int pages = 0;
    TURSO_ASSERT(pages == 1);
    return ok();
  });
  EXPECT_EQ(status, TURSO_ERROR);
  EXPECT_NE(message.find("pages == 1"), std::string::npos);
}

TEST(Guard, ATextThatIsNotWantedIsNotMade) {
  EXPECT_EQ(guard(nullptr, []() -> Status { return Error{ErrorKind::kBusy, "locked"}; }), TURSO_BUSY);
}

TEST(Guard, EveryKindHasAStatusAndAKindOfItsOwn) {
  std::set<int> kinds;
  for (int i = 0; i <= static_cast<int>(ErrorKind::kProtocol); ++i) {
    auto kind = static_cast<ErrorKind>(i);
    EXPECT_NE(status_of(kind), TURSO_OK);
    EXPECT_TRUE(kinds.insert(cdc_kind_of(kind)).second) << error_kind_name(kind);
    EXPECT_EQ(error_kind_name(kind), turso_cdc_error_kind_name(cdc_kind_of(kind)));
  }
  EXPECT_EQ(kinds.count(TURSO_CDC_ERROR_NONE), 0U);
}

}  // namespace
}  // namespace turso::capi

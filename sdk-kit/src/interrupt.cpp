// interrupt.cpp -- turso_cdc_connection_interrupt.
#include "handles.hpp"
#include "turso_cdc.h"

void turso_cdc_connection_interrupt(const turso_connection_t* connection) noexcept {
  if (connection == nullptr) return;
  turso::capi::guard_value(0, [&] {
    connection->connection->interrupt();
    return 0;
  });
}

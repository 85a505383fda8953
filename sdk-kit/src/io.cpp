// io.cpp -- turso_sync_database_io_*: the queue of requests and the answers of the host.
#include "sync_handles.hpp"
#include "turso_sync.h"

namespace turso::capi {
namespace {

turso_slice_ref_t slice(std::string_view text) { return {text.data(), text.size()}; }
turso_slice_ref_t slice(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

Result<sync::IoItem*> of_kind(const turso_sync_io_item_t* item, sync::IoKind kind) {
  TURSO_TRY(turso_sync_io_item * self, unwrap(item));
  if (self->item->kind != kind) return Error{ErrorKind::kMisuse, "unexpected io request type"};
  return self->item.get();
}

Result<ByteView> bytes_of(const turso_slice_ref_t* bytes) {
  if (bytes == nullptr || (bytes->ptr == nullptr && bytes->len != 0)) return null_pointer();
  return ByteView(static_cast<const std::uint8_t*>(bytes->ptr), bytes->len);
}

}  // namespace
}  // namespace turso::capi

using namespace turso;
using namespace turso::capi;

turso_status_code_t turso_sync_database_io_take_item(const turso_sync_database_t* database,
                                                     const turso_sync_io_item_t** item,
                                                     const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_sync_database * self, unwrap(database));
    if (item == nullptr) return null_pointer();
    auto wrapped = std::make_unique<turso_sync_io_item>();
    wrapped->item = self->engine->take_io_item();
    *item = wrapped->item != nullptr ? wrapped.release() : nullptr;
    return ok();
  });
}

turso_status_code_t turso_sync_database_io_step_callbacks(const turso_sync_database_t* database,
                                                          const char** error_opt_out) noexcept {
  return guard(error_opt_out, [&]() -> Status {
    TURSO_TRY(turso_sync_database * self, unwrap(database));
    self->engine->step_io_callbacks();
    return ok();
  });
}

turso_sync_io_request_type_t turso_sync_database_io_request_kind(const turso_sync_io_item_t* item) noexcept {
  return item != nullptr ? static_cast<turso_sync_io_request_type_t>(item->item->kind) : TURSO_SYNC_IO_NONE;
}

turso_status_code_t turso_sync_database_io_request_http(const turso_sync_io_item_t* item,
                                                        turso_sync_io_http_request_t* request) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::IoItem * http, of_kind(item, sync::IoKind::kHttp));
    if (request == nullptr) return null_pointer();
    // Without a known remote the pointer is null, as programs of the reference ask.
    request->url = http->url.empty() ? turso_slice_ref_t{nullptr, 0} : slice(http->url);
    request->method = slice(http->method);
    request->path = slice(http->path);
    request->body = slice(http->body);
    request->headers = static_cast<std::int32_t>(http->headers.size());
    return ok();
  });
}

turso_status_code_t turso_sync_database_io_request_http_header(const turso_sync_io_item_t* item, size_t index,
                                                               turso_sync_io_http_header_t* header) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::IoItem * http, of_kind(item, sync::IoKind::kHttp));
    if (header == nullptr) return null_pointer();
    if (index >= http->headers.size()) return Error{ErrorKind::kMisuse, "header index out of bounds"};
    header->key = slice(http->headers[index].first);
    header->value = slice(http->headers[index].second);
    return ok();
  });
}

turso_status_code_t turso_sync_database_io_request_full_read(const turso_sync_io_item_t* item,
                                                             turso_sync_io_full_read_request_t* request) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::IoItem * read, of_kind(item, sync::IoKind::kFullRead));
    if (request == nullptr) return null_pointer();
    request->path = slice(read->file_path);
    return ok();
  });
}

turso_status_code_t turso_sync_database_io_request_full_write(const turso_sync_io_item_t* item,
                                                              turso_sync_io_full_write_request_t* request) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(sync::IoItem * write, of_kind(item, sync::IoKind::kFullWrite));
    if (request == nullptr) return null_pointer();
    request->path = slice(write->file_path);
    request->content = slice(write->content);
    return ok();
  });
}

turso_status_code_t turso_sync_database_io_poison(const turso_sync_io_item_t* item, turso_slice_ref_t* error) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_io_item * self, unwrap(item));
    TURSO_TRY(ByteView reason, bytes_of(error));
    return self->item->poison(as_text(reason));
  });
}

turso_status_code_t turso_sync_database_io_status(const turso_sync_io_item_t* item, int32_t status) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_io_item * self, unwrap(item));
    return self->item->set_status(status);
  });
}

turso_status_code_t turso_sync_database_io_push_buffer(const turso_sync_io_item_t* item,
                                                       turso_slice_ref_t* buffer) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_io_item * self, unwrap(item));
    TURSO_TRY(ByteView bytes, bytes_of(buffer));
    return self->item->push_buffer(bytes);
  });
}

turso_status_code_t turso_sync_database_io_done(const turso_sync_io_item_t* item) noexcept {
  return guard(nullptr, [&]() -> Status {
    TURSO_TRY(turso_sync_io_item * self, unwrap(item));
    return self->item->done();
  });
}

void turso_sync_database_io_item_deinit(const turso_sync_io_item_t* item) noexcept {
  if (item == nullptr) return;
  guard(nullptr, [&]() -> Status {
    sync::IoItem::Progress progress = item->item->progress();
    if (progress.done || progress.poison.has_value()) return ok();
    return item->item->poison("the host gave the request back without an answer");
  });
  release(item);
}

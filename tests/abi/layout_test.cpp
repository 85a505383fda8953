// Sizes, offsets and enumeration values of the two binary compatible headers, for LP64. They were computed from the
// published field lists by the rules of the platform ABI, not from these headers.
#include <gtest/gtest.h>

#include <cstddef>

#include "turso_cdc.h"

namespace {

#define SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define OFFSET(type, field, bytes) static_assert(offsetof(type, field) == (bytes), #type "." #field)

static_assert(sizeof(void*) == 8 && sizeof(std::size_t) == 8, "the numbers below are for LP64");

SIZE(turso_slice_ref_t, 16);
OFFSET(turso_slice_ref_t, ptr, 0);
OFFSET(turso_slice_ref_t, len, 8);

SIZE(turso_extension_text_t, 24);
OFFSET(turso_extension_text_t, subtype, 0);
OFFSET(turso_extension_text_t, text, 8);
OFFSET(turso_extension_text_t, len, 16);

SIZE(turso_extension_blob_t, 16);
OFFSET(turso_extension_blob_t, data, 0);
OFFSET(turso_extension_blob_t, size, 8);

SIZE(turso_extension_error_t, 16);
OFFSET(turso_extension_error_t, code, 0);
OFFSET(turso_extension_error_t, message, 8);

SIZE(turso_extension_value_data_t, 8);
OFFSET(turso_extension_value_data_t, int_value, 0);
OFFSET(turso_extension_value_data_t, float_value, 0);
OFFSET(turso_extension_value_data_t, text, 0);
OFFSET(turso_extension_value_data_t, blob, 0);
OFFSET(turso_extension_value_data_t, error, 0);

SIZE(turso_value_t, 16);
OFFSET(turso_value_t, value_type, 0);
OFFSET(turso_value_t, value, 8);

SIZE(turso_agg_ctx_t, 8);
OFFSET(turso_agg_ctx_t, state, 0);

SIZE(turso_log_t, 48);
OFFSET(turso_log_t, message, 0);
OFFSET(turso_log_t, target, 8);
OFFSET(turso_log_t, file, 16);
OFFSET(turso_log_t, timestamp, 24);
OFFSET(turso_log_t, line, 32);
OFFSET(turso_log_t, level, 40);

SIZE(turso_config_t, 16);
OFFSET(turso_config_t, logger, 0);
OFFSET(turso_config_t, log_level, 8);

SIZE(turso_page_codec_header_info_t, 8);
OFFSET(turso_page_codec_header_info_t, page_size, 0);
OFFSET(turso_page_codec_header_info_t, reserved_space, 4);
OFFSET(turso_page_codec_header_info_t, is_supported, 5);

SIZE(turso_page_codec_v1_t, 72);
OFFSET(turso_page_codec_v1_t, abi_version, 0);
OFFSET(turso_page_codec_v1_t, ctx, 8);
OFFSET(turso_page_codec_v1_t, reserved_space, 16);
OFFSET(turso_page_codec_v1_t, codec_id, 17);
OFFSET(turso_page_codec_v1_t, destroy, 40);
OFFSET(turso_page_codec_v1_t, probe_header, 48);
OFFSET(turso_page_codec_v1_t, decode_page, 56);
OFFSET(turso_page_codec_v1_t, encode_page, 64);

SIZE(turso_database_config_t, 64);
OFFSET(turso_database_config_t, async_io, 0);
OFFSET(turso_database_config_t, path, 8);
OFFSET(turso_database_config_t, experimental_features, 16);
OFFSET(turso_database_config_t, vfs, 24);
OFFSET(turso_database_config_t, encryption_cipher, 32);
OFFSET(turso_database_config_t, encryption_hexkey, 40);
OFFSET(turso_database_config_t, page_codec, 48);
OFFSET(turso_database_config_t, open_flags, 56);

SIZE(turso_sync_io_http_request_t, 72);
OFFSET(turso_sync_io_http_request_t, url, 0);
OFFSET(turso_sync_io_http_request_t, method, 16);
OFFSET(turso_sync_io_http_request_t, path, 32);
OFFSET(turso_sync_io_http_request_t, body, 48);
OFFSET(turso_sync_io_http_request_t, headers, 64);

SIZE(turso_sync_io_http_header_t, 32);
OFFSET(turso_sync_io_http_header_t, key, 0);
OFFSET(turso_sync_io_http_header_t, value, 16);

SIZE(turso_sync_io_full_read_request_t, 16);
OFFSET(turso_sync_io_full_read_request_t, path, 0);

SIZE(turso_sync_io_full_write_request_t, 32);
OFFSET(turso_sync_io_full_write_request_t, path, 0);
OFFSET(turso_sync_io_full_write_request_t, content, 16);

SIZE(turso_sync_stats_t, 72);
OFFSET(turso_sync_stats_t, cdc_operations, 0);
OFFSET(turso_sync_stats_t, main_wal_size, 8);
OFFSET(turso_sync_stats_t, revert_wal_size, 16);
OFFSET(turso_sync_stats_t, last_pull_unix_time, 24);
OFFSET(turso_sync_stats_t, last_push_unix_time, 32);
OFFSET(turso_sync_stats_t, network_sent_bytes, 40);
OFFSET(turso_sync_stats_t, network_received_bytes, 48);
OFFSET(turso_sync_stats_t, revision, 56);

SIZE(turso_sync_database_config_t, 104);
OFFSET(turso_sync_database_config_t, path, 0);
OFFSET(turso_sync_database_config_t, remote_url, 8);
OFFSET(turso_sync_database_config_t, client_name, 16);
OFFSET(turso_sync_database_config_t, long_poll_timeout_ms, 24);
OFFSET(turso_sync_database_config_t, bootstrap_if_empty, 28);
OFFSET(turso_sync_database_config_t, reserved_bytes, 32);
OFFSET(turso_sync_database_config_t, partial_bootstrap_strategy_prefix, 36);
OFFSET(turso_sync_database_config_t, partial_bootstrap_strategy_query, 40);
OFFSET(turso_sync_database_config_t, partial_bootstrap_segment_size, 48);
OFFSET(turso_sync_database_config_t, partial_bootstrap_prefetch, 56);
OFFSET(turso_sync_database_config_t, remote_encryption_key, 64);
OFFSET(turso_sync_database_config_t, remote_encryption_cipher, 72);
OFFSET(turso_sync_database_config_t, push_operations_threshold, 80);
OFFSET(turso_sync_database_config_t, pull_bytes_threshold, 88);
OFFSET(turso_sync_database_config_t, logical_mvcc_pull, 96);

// Enumerations are passed and stored as int.
struct Enumerator {
  const char* name;
  int value;
  int expected;
};
#define ENUMERATOR(name, number) \
  { #name, static_cast < int>(name), number }

constexpr Enumerator kEnumerators[] = {
    ENUMERATOR(TURSO_OK, 0),
    ENUMERATOR(TURSO_DONE, 1),
    ENUMERATOR(TURSO_ROW, 2),
    ENUMERATOR(TURSO_IO, 3),
    ENUMERATOR(TURSO_BUSY, 4),
    ENUMERATOR(TURSO_INTERRUPT, 5),
    ENUMERATOR(TURSO_BUSY_SNAPSHOT, 6),
    ENUMERATOR(TURSO_ERROR, 127),
    ENUMERATOR(TURSO_MISUSE, 128),
    ENUMERATOR(TURSO_CONSTRAINT, 129),
    ENUMERATOR(TURSO_READONLY, 130),
    ENUMERATOR(TURSO_DATABASE_FULL, 131),
    ENUMERATOR(TURSO_NOTADB, 132),
    ENUMERATOR(TURSO_CORRUPT, 133),
    ENUMERATOR(TURSO_IOERR, 134),
    ENUMERATOR(TURSO_TYPE_UNKNOWN, 0),
    ENUMERATOR(TURSO_TYPE_INTEGER, 1),
    ENUMERATOR(TURSO_TYPE_REAL, 2),
    ENUMERATOR(TURSO_TYPE_TEXT, 3),
    ENUMERATOR(TURSO_TYPE_BLOB, 4),
    ENUMERATOR(TURSO_TYPE_NULL, 5),
    ENUMERATOR(TURSO_EXTENSION_VALUE_NULL, 0),
    ENUMERATOR(TURSO_EXTENSION_VALUE_INTEGER, 1),
    ENUMERATOR(TURSO_EXTENSION_VALUE_FLOAT, 2),
    ENUMERATOR(TURSO_EXTENSION_VALUE_TEXT, 3),
    ENUMERATOR(TURSO_EXTENSION_VALUE_BLOB, 4),
    ENUMERATOR(TURSO_EXTENSION_VALUE_ERROR, 5),
    ENUMERATOR(TURSO_EXTENSION_RESULT_OK, 0),
    ENUMERATOR(TURSO_EXTENSION_RESULT_ERROR, 1),
    ENUMERATOR(TURSO_EXTENSION_RESULT_INVALID_ARGS, 2),
    ENUMERATOR(TURSO_EXTENSION_RESULT_UNKNOWN, 3),
    ENUMERATOR(TURSO_EXTENSION_RESULT_OOM, 4),
    ENUMERATOR(TURSO_EXTENSION_RESULT_CORRUPT, 5),
    ENUMERATOR(TURSO_EXTENSION_RESULT_NOT_FOUND, 6),
    ENUMERATOR(TURSO_EXTENSION_RESULT_ALREADY_EXISTS, 7),
    ENUMERATOR(TURSO_EXTENSION_RESULT_PERMISSION_DENIED, 8),
    ENUMERATOR(TURSO_EXTENSION_RESULT_ABORTED, 9),
    ENUMERATOR(TURSO_EXTENSION_RESULT_OUT_OF_RANGE, 10),
    ENUMERATOR(TURSO_EXTENSION_RESULT_UNIMPLEMENTED, 11),
    ENUMERATOR(TURSO_EXTENSION_RESULT_INTERNAL, 12),
    ENUMERATOR(TURSO_EXTENSION_RESULT_UNAVAILABLE, 13),
    ENUMERATOR(TURSO_EXTENSION_RESULT_CUSTOM_ERROR, 14),
    ENUMERATOR(TURSO_EXTENSION_RESULT_EOF, 15),
    ENUMERATOR(TURSO_EXTENSION_RESULT_READ_ONLY, 16),
    ENUMERATOR(TURSO_EXTENSION_RESULT_ROWID, 17),
    ENUMERATOR(TURSO_EXTENSION_RESULT_ROW, 18),
    ENUMERATOR(TURSO_EXTENSION_RESULT_INTERRUPT, 19),
    ENUMERATOR(TURSO_EXTENSION_RESULT_BUSY, 20),
    ENUMERATOR(TURSO_EXTENSION_RESULT_CONSTRAINT_VIOLATION, 21),
    ENUMERATOR(TURSO_EXTENSION_TEXT_TEXT, 0),
    ENUMERATOR(TURSO_EXTENSION_TEXT_JSON, 1),
    ENUMERATOR(TURSO_TRACING_LEVEL_ERROR, 1),
    ENUMERATOR(TURSO_TRACING_LEVEL_WARN, 2),
    ENUMERATOR(TURSO_TRACING_LEVEL_INFO, 3),
    ENUMERATOR(TURSO_TRACING_LEVEL_DEBUG, 4),
    ENUMERATOR(TURSO_TRACING_LEVEL_TRACE, 5),
    ENUMERATOR(TURSO_CODEC_LOCATION_DATABASE, 0),
    ENUMERATOR(TURSO_CODEC_LOCATION_WAL, 1),
    ENUMERATOR(TURSO_DATABASE_OPEN_DEFAULT, 0),
    ENUMERATOR(TURSO_DATABASE_OPEN_READONLY, 1),
    ENUMERATOR(TURSO_COLUMN_KIND_NONE, -1),
    ENUMERATOR(TURSO_COLUMN_KIND_BUILTIN, 0),
    ENUMERATOR(TURSO_COLUMN_KIND_CUSTOM, 1),
    ENUMERATOR(TURSO_COLUMN_KIND_DOMAIN, 2),
    ENUMERATOR(TURSO_COLUMN_KIND_STRUCT, 3),
    ENUMERATOR(TURSO_COLUMN_KIND_UNION, 4),
    ENUMERATOR(TURSO_SYNC_IO_NONE, 0),
    ENUMERATOR(TURSO_SYNC_IO_HTTP, 1),
    ENUMERATOR(TURSO_SYNC_IO_FULL_READ, 2),
    ENUMERATOR(TURSO_SYNC_IO_FULL_WRITE, 3),
    ENUMERATOR(TURSO_ASYNC_RESULT_NONE, 0),
    ENUMERATOR(TURSO_ASYNC_RESULT_CONNECTION, 1),
    ENUMERATOR(TURSO_ASYNC_RESULT_CHANGES, 2),
    ENUMERATOR(TURSO_ASYNC_RESULT_STATS, 3),
};

TEST(Layout, EnumerationValuesAreThePublishedOnes) {
  for (const Enumerator& one : kEnumerators) EXPECT_EQ(one.value, one.expected) << one.name;
  EXPECT_EQ(sizeof(turso_status_code_t), sizeof(int));
  EXPECT_EQ(sizeof(turso_column_kind_t), sizeof(int));
}

TEST(Layout, StructuresOfOursBeginWithTheirSize) {
  EXPECT_EQ(offsetof(turso_cdc_error_t, struct_size), 0U);
  EXPECT_EQ(offsetof(turso_cdc_stats_t, struct_size), 0U);
  EXPECT_EQ(offsetof(turso_cdc_value_t, struct_size), 0U);
}

}  // namespace

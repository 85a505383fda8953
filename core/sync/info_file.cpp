#include "sync/info_file.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/file.hpp"

namespace turso::sync {
namespace {

constexpr std::size_t kInfoBytesMax = 1024 * 1024;  // the official file grows with the number of tables
constexpr std::string_view kEngineField = "\"engine\":\"turso-sync\"";

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(Json& json, const std::string& text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_time(Json& json, std::int64_t unix_time) {
  if (unix_time == 0) {
    json.Null();
  } else {
    json.Int64(unix_time);
  }
}

void write_revision(Json& json, const std::optional<std::string>& revision) {
  if (!revision) {
    json.Null();
    return;
  }
  json.StartObject();
  json.Key("type");
  json.String("v1");
  json.Key("revision");
  write_text(json, *revision);
  json.EndObject();
}

void write_saved_configuration(Json& json, const Meta& meta) {
  json.StartObject();
  json.Key("remote_url");
  if (meta.remote_url.empty()) {
    json.Null();
  } else {
    write_text(json, meta.remote_url);
  }
  json.Key("partial_sync_prefetch");
  json.Null();
  json.Key("partial_sync_segment_size");
  json.Null();
  json.EndObject();
}

}  // namespace

std::string info_text(const Meta& meta) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  json.Key("version");
  json.String("v1");
  json.Key("client_unique_id");
  write_text(json, meta.client_id);
  json.Key("synced_revision");
  write_revision(json, meta.revision);
  json.Key("revert_since_wal_salt");
  json.Null();
  json.Key("revert_since_wal_watermark");
  json.Int(0);
  json.Key("last_pull_unix_time");
  write_time(json, meta.last_pull_unix_time);
  json.Key("last_push_unix_time");
  write_time(json, meta.last_push_unix_time);
  json.Key("last_pushed_pull_gen_hint");
  json.Int64(meta.known_row ? meta.known_row->pull_gen : 0);
  json.Key("last_pushed_change_id_hint");
  json.Int64(meta.pushed_through);
  json.Key("last_pushed_replay_floor_change_id_hint");
  json.Int64(meta.acked);
  json.Key("partial_bootstrap_server_revision");
  json.Null();
  json.Key("fresh_bootstrap_pending_cdc_ack");
  json.Bool(false);
  json.Key("remote_pull_protocol");
  json.String(meta.revision ? "pages" : "unknown");
  json.Key("logical_table_names_by_stable_id");
  json.StartObject();
  json.EndObject();
  json.Key("saved_configuration");
  write_saved_configuration(json, meta);
  json.Key("engine");
  json.String("turso-sync");
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Status write_info(const std::string& path, const std::string& text) {
  std::string temporary = path + ".tmp";
  {
    TURSO_TRY(File file, File::open(temporary, File::Mode::kTruncateReadWrite));
    TURSO_CHECK(file.write_at(0, as_bytes(text)));
  }
  return rename_file(temporary, path);
}

bool is_foreign_info_text(std::string_view text) {
  return !text.empty() && text.find(kEngineField) == std::string_view::npos;
}

bool is_foreign_info(const std::string& path) {
  auto content = read_file_if_exists(path, kInfoBytesMax);
  // A file that cannot be read is not known to be ours; P itself then decides.
  if (!content.has_value()) return true;
  return content->has_value() && is_foreign_info_text(as_text(**content));
}

}  // namespace turso::sync

// connection.hpp -- a connection of a Database: prepares statements, keeps registrations, closes.
#pragma once

#include <memory>

#include "database/session.hpp"

namespace turso::database {

class PlainConnection final : public Connection {
 public:
  explicit PlainConnection(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  Result<std::unique_ptr<Statement>> prepare_single(std::string_view sql) override;
  Result<PreparedFirst> prepare_first(std::string_view sql) override;

  void set_busy_timeout_ms(std::int64_t timeout_ms) override;
  bool autocommit() const override;
  std::int64_t last_insert_rowid() const override;
  void interrupt() override { session_->interrupt(); }

  Status install(std::string key, Installer install, Installer remove) override;
  Status uninstall(const std::string& key) override;
  Status enable_load_extension(bool enabled) override;
  Status load_extension(const std::string& path) override;

  Status inspect(const std::function<Status(sqlite::Connection&)>& read) override;
  Status close() override;
  const std::optional<Error>& last_error() const override { return session_->last_error(); }

 private:
  Result<PreparedFirst> prepare_inside(std::string_view sql);

  std::shared_ptr<Session> session_;
  bool load_extension_enabled_ = false;
};

}  // namespace turso::database

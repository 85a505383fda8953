// main.cpp -- the command line of turso-sync: reads it, hands over to one command, answers its exit status.
//
// Exit status: 0 done, 1 something failed (`error: kind: message` on standard error), 2 a wrong command line.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>

#include "commands.hpp"
#include "turso.h"

namespace turso::cli {

std::atomic<bool> interrupted{false};

namespace {

extern "C" void on_signal(int) { interrupted.store(true); }

// A second signal ends the program the hard way: the handler is gone by then.
void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void log_record(const turso_log_t* record) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::err, spdlog::level::warn, spdlog::level::info,
                                                          spdlog::level::debug, spdlog::level::trace};
  const auto index = static_cast<std::size_t>(record->level) - 1;
  spdlog::log(index < std::size(kLevels) ? kLevels[index] : spdlog::level::info, "{}: {}", record->target,
              record->message);
}

void set_up_logging(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("turso-sync"));  // standard output is for results
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(level));
  const turso_config_t config{log_record, level.c_str()};
  turso_setup(&config, nullptr);
}

class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.add_option("--log-level", log_level_, "error, warn, info, debug or trace; on standard error")
        ->check(CLI::IsMember({"error", "warn", "info", "debug", "trace"}))
        ->capture_default_str();
    add_serve();
    add_sql();
    add_log();
    add_sync("push", "send the changes that were not sent yet", push);
    add_sync("pull", "bring what is new at the remote; makes DB a replica if --remote is given", pull)
        ->add_option("--wait", sync_.long_poll_timeout_ms, "wait so many milliseconds for something new")
        ->check(CLI::Range(0, 3'600'000));
    add_sync("create", "make DB a replica of --remote, or open it", create);
    add_sync("sync", "push and pull until nothing moves any more", sync);
    add_sync("stats", "what is pending, how large the files are, what went over the network", stats)
        ->add_flag("--json", sync_.json, "as one JSON object");
    add_sync("checkpoint", "move the write-ahead log into the database file", checkpoint);
    app_.add_subcommand("version", "versions of turso-sync and SQLite, SQLite's compile options")->callback([this] {
      command_ = version;
    });
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? kOk : kUsage;
    }
    set_up_logging(log_level_);
    catch_signals();
    return command_();
  }

 private:
  void add_serve() {
    CLI::App* command = app_.add_subcommand("serve", "a sync server for one database, or for a folder of them");
    command->add_option("--listen", serve_.listen, "ADDRESS:PORT; port 0 takes a free one")
        ->capture_default_str()
        ->check(CLI::Validator(check_listen, "ADDRESS:PORT"));
    CLI::Option* data =
        command->add_option("--data", serve_.data, "a folder; each database is /db/NAME, made at its first use");
    command->add_option("DB", serve_.database, "the database file to serve")->excludes(data);
    command
        ->add_option("--token", serve_.tokens,
                     "a token that clients must send; may be repeated; none: no token is needed")
        ->allow_extra_args(false);  // one each time: what follows is the database
    command->add_flag("--strip", serve_.strip, "remove a replica's bookkeeping tables from a file that has them");
    command->callback([this, command] {
      if (serve_.data.empty() && serve_.database.empty()) {
        throw CLI::RequiredError("DB or --data");
      }
      static_cast<void>(command);
      command_ = [this] { return serve(serve_); };
    });
  }

  static std::string check_listen(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool is_number =
        !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number || colon == 0 || std::stoi(port) > 65535) return "'" + text + "' is not ADDRESS:PORT";
    return "";
  }

  static std::string check_change_id(const std::string& text) {
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? "" : "'" + text + "' is not a change_id";
  }

  void add_sql() {
    CLI::App* command = app_.add_subcommand("sql", "run SQL; changes to a replica are captured");
    command->add_option("DB", sql_.database, "the database file; made if it is missing")->required();
    command->add_option("STATEMENTS", sql_.statements, "SQL; read from standard input if there is none");
    command->add_flag("--json", sql_.json, "one JSON object per row");
    command->add_flag("--readonly", sql_.readonly, "open the file for reading only");
    command->add_option("--capture", sql_.capture,
                        "capture changes to a plain file: id, before, after or full[,TABLE]");
    command->callback([this] { command_ = [this] { return sql(sql_); }; });
  }

  void add_log() {
    CLI::App* command = app_.add_subcommand("log", "captured changes as JSON lines");
    command->add_option("DB", log_.database, "the database file")->required();
    command->add_flag("--follow", log_.follow, "go on printing as changes come, until interrupted");
    command->add_option("--since", log_.since, "only changes with a larger change_id")
        ->check(CLI::Validator(check_change_id, "CHANGE_ID"));
    command->add_option("--table", log_.table, "the table that the changes are captured in")->capture_default_str();
    command->callback([this] { command_ = [this] { return log(log_); }; });
  }

  CLI::App* add_sync(const std::string& name, const std::string& what, int (*execute)(const SyncOptions&)) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->add_option("DB", sync_.database, "the replica's file")->required();
    command->add_option("--remote", sync_.remote, "http, https or libsql URL; remembered by the replica");
    command->add_option("--token", sync_.token, "sent as Authorization: Bearer")->envname("TURSO_SYNC_TOKEN");
    command->add_option("--push-operations-threshold", sync_.push_operations_threshold,
                        "end a request of a push at the first transaction that brings it to so many changes");
    command->add_option("--pull-bytes-threshold", sync_.pull_bytes_threshold,
                        "download a new replica in requests of so many bytes");
    command->callback([this, execute] { command_ = [this, execute] { return execute(sync_); }; });
    return command;
  }

  CLI::App app_{"turso-sync: a SQLite database that remembers each change and syncs it", "turso-sync"};
  std::string log_level_ = "warn";
  ServeOptions serve_;
  SqlOptions sql_;
  LogOptions log_;
  SyncOptions sync_;
  std::function<int()> command_;
};

}  // namespace
}  // namespace turso::cli

int main(int argc, char** argv) { return turso::cli::CommandLine().run(argc, argv); }

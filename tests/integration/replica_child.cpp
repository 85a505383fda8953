// replica_child PATH COMMAND... -- another process on a replica, for the tests of two processes. Has no network.
//
// Commands: push, wait, checkpoint, stats, sql=TEXT. Prints one line per command: its name and "ok" or the kind of
// the error; for stats also cdc_operations. Waits for a line on stdin before the command "pause".
#include <iostream>
#include <string>

#include "base/error.hpp"
#include "sync/engine.hpp"

namespace turso::sync {
namespace {

Status run(Engine& engine, Operation& operation) {
  for (;;) {
    Result<OperationState> state = operation.resume();
    if (!state.has_value()) return std::move(state).error();
    if (*state == OperationState::kDone) return ok();
    while (auto item = engine.take_io_item()) TURSO_CHECK(item->poison("this process has no network"));
  }
}

Status run_sql(Engine& engine, const std::string& text) {
  auto operation = engine.connect();
  TURSO_CHECK(run(engine, *operation));
  auto connection = operation->take_connection();
  TURSO_TRY(auto statement, connection->prepare_single(text));
  for (;;) {
    TURSO_TRY(database::StepResult step, statement->step());
    if (step == database::StepResult::kDone) return ok();
  }
}

Status run_command(Engine& engine, const std::string& command) {
  if (command.rfind("sql=", 0) == 0) return run_sql(engine, command.substr(4));
  std::unique_ptr<Operation> operation;
  if (command == "push") operation = engine.push();
  if (command == "wait") operation = engine.wait();
  if (command == "checkpoint") operation = engine.checkpoint();
  if (command == "stats") operation = engine.stats();
  if (operation == nullptr) return Error{ErrorKind::kMisuse, "unknown command"};
  TURSO_CHECK(run(engine, *operation));
  if (operation->stats() != nullptr) std::cout << operation->stats()->cdc_operations << ' ';
  return ok();
}

int main_of(int argc, char** argv) {
  Config config;
  config.path = argv[1];
  auto engine = Engine::make(config);
  if (!engine.has_value()) return 2;
  auto open = (*engine)->open();
  Status opened = run(**engine, *open);
  std::cout << "open " << (opened.has_value() ? "ok" : opened.error().message) << std::endl;
  if (!opened.has_value()) return 1;
  for (int i = 2; i < argc; ++i) {
    std::string command = argv[i];
    if (command == "pause") {
      std::string line;
      std::getline(std::cin, line);
      continue;
    }
    std::cout << command.substr(0, command.find('=')) << ' ';
    Status status = run_command(**engine, command);
    std::cout << (status.has_value() ? "ok" : error_kind_name(status.error().kind)) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace turso::sync

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return turso::sync::main_of(argc, argv);
}

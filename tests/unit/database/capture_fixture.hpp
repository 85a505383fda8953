// capture_fixture.hpp -- reads a change log in the notation of the capture cases.
//
// A row is "I t#10 b=[1,'x'] a=[...] u=[...]": change type, table and id; then the images that are there. "C" is a
// COMMIT record. with_txn adds "(n)", the change_txn_id.
#pragma once

#include "cdc/record.hpp"
#include "database_fixture.hpp"

namespace turso::database {

class CaptureTest : public DatabaseTest {
 protected:
  std::shared_ptr<Database> database_ = open(dir_.path("t.db"));
  std::unique_ptr<Connection> c1_ = connect(database_);

  void run(std::string_view sql) { must(*c1_, sql); }

  // Runs the statements; those that fail are reported as messages, the others as "".
  static std::string error_of(Connection& connection, std::string_view sql) {
    Status status = exec(connection, sql);
    return status.has_value() ? "" : status.error().message;
  }
  std::string error(std::string_view sql) { return error_of(*c1_, sql); }

  static std::string image(std::string_view name, const Value& blob) {
    if (blob.is_null()) return "";
    std::string out = " " + std::string(name) + "=[";
    auto values = cdc::decode_record(blob.blob());
    if (!values.has_value()) return out + values.error().message + "]";
    EXPECT_EQ(cdc::encode_record(values.value()), blob.blob()) << "not minimal";
    for (std::size_t i = 0; i < values->size(); ++i) {
      if (i > 0) out += ",";
      out += (*values)[i].is_null() ? "N" : (*values)[i].to_sql();
    }
    return out + "]";
  }

  static std::vector<std::string> read_log(Connection& connection, const std::string& table = "turso_cdc",
                                           bool with_txn = false) {
    std::vector<std::string> out;
    auto statement = prepare(connection, "SELECT change_type, table_name, id, before, after, updates" +
                                             std::string(with_txn ? ", change_txn_id" : "") + " FROM \"" + table +
                                             "\" ORDER BY change_id");
    if (statement == nullptr) return {"no log"};
    for (;;) {
      auto stepped = statement->step();
      EXPECT_TRUE(stepped.has_value()) << stepped.error().message;
      if (!stepped.has_value() || *stepped == StepResult::kDone) return out;
      std::int64_t type = statement->value_int(0);
      std::string row = type == 1 ? "I" : type == 0 ? "U" : type == -1 ? "D" : "C";
      Value id = value_of(*statement, 2);
      if (type != 2) {
        std::string table_name = value_of(*statement, 1).text();
        row += " " + (table_name == "sqlite_schema" ? "S" : table_name) + "#" + id.to_sql();
      }
      row += image("b", value_of(*statement, 3)) + image("a", value_of(*statement, 4)) +
             image("u", value_of(*statement, 5));
      if (with_txn) row += "(" + std::to_string(statement->value_int(6)) + ")";
      out.push_back(row);
    }
  }
  std::vector<std::string> log() { return read_log(*c1_); }
  std::vector<std::string> log_with_txn() { return read_log(*c1_, "turso_cdc", true); }
  void forget() { run("DELETE FROM turso_cdc"); }

  using Rows = std::vector<std::string>;
};

}  // namespace turso::database

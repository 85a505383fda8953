// The capture cases of the specification, by their numbers. One test each: steps, then the log they leave.
#include "capture_fixture.hpp"

namespace turso::database {
namespace {

struct Case {
  const char* number;
  const char* setup;  // capture off
  const char* mode;   // argument of the pragma; null: the steps switch it on
  const char* steps;  // statements that fail are marked by a leading '!' on their line
  std::vector<std::string> expected;
  const char* log = "turso_cdc";
};

constexpr const char* kXY = "CREATE TABLE t(x INTEGER PRIMARY KEY, y)";
constexpr const char* kThreeSteps =
    "INSERT INTO t VALUES(1,2),(3,4)\nUPDATE t SET y=3 WHERE x=1\nDELETE FROM t WHERE x=3\nDELETE FROM t WHERE x=1";
constexpr const char* kV1 =
    "CREATE TABLE t(x INTEGER PRIMARY KEY, y);"
    "CREATE TABLE turso_cdc (change_id INTEGER PRIMARY KEY AUTOINCREMENT, change_time INTEGER, change_type INTEGER,"
    " table_name TEXT, id, before BLOB, after BLOB, updates BLOB);"
    "CREATE TABLE turso_cdc_version (table_name TEXT PRIMARY KEY, version TEXT NOT NULL);"
    "INSERT INTO turso_cdc_version VALUES('turso_cdc','v1')";
constexpr const char* kSqlT = "'CREATE TABLE t(x, y, z UNIQUE, q, PRIMARY KEY (x, y))'";

std::vector<Case> cases() {
  std::string table_t = std::string("['table','t','t',6,") + kSqlT + "]";
  std::string index_q_abc = "['index','q_abc','q',11,'CREATE INDEX q_abc ON q(a, b, c)']";
  return {
      {"A02", kXY, "id", "INSERT INTO t VALUES (10,10),(5,1)", {"I t#10", "I t#5", "C"}},
      {"A03",
       kXY,
       "before",
       kThreeSteps,
       {"I t#1", "I t#3", "C", "U t#1 b=[1,2]", "C", "D t#3 b=[3,4]", "C", "D t#1 b=[1,3]", "C"}},
      {"A04",
       kXY,
       "after",
       kThreeSteps,
       {"I t#1 a=[1,2]", "I t#3 a=[3,4]", "C", "U t#1 a=[1,3]", "C", "D t#3", "C", "D t#1", "C"}},
      {"A05",
       kXY,
       "full",
       kThreeSteps,
       {"I t#1 a=[1,2]", "I t#3 a=[3,4]", "C", "U t#1 b=[1,2] a=[1,3] u=[0,1,N,3]", "C", "D t#3 b=[3,4]", "C",
        "D t#1 b=[1,3]", "C"}},
      {"A09",
       kXY,
       "id,custom_cdc",
       "INSERT INTO t VALUES(1,10)\nINSERT INTO t VALUES(2,20)",
       {"I t#1", "C", "I t#2", "C"},
       "custom_cdc"},
      {"A10",
       kXY,
       "id,custom_cdc",
       "INSERT INTO t VALUES(1,10)\nINSERT INTO t VALUES(2,20)\nDELETE FROM custom_cdc WHERE change_id<2",
       {"C", "I t#2", "C"},
       "custom_cdc"},
      {"A11",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y UNIQUE); CREATE TABLE q(x INTEGER PRIMARY KEY,y UNIQUE)",
       "id,custom_cdc",
       "BEGIN\nINSERT INTO t VALUES(1,10)\nINSERT INTO q VALUES(2,20)\nINSERT INTO t VALUES(3,30)\n"
       "DELETE FROM t WHERE x=1\nUPDATE q SET y=200 WHERE x=2\nCOMMIT",
       {"I t#1", "I q#2", "I t#3", "D t#1", "U q#2", "C"},
       "custom_cdc"},
      {"A17",
       "",
       "full",
       "CREATE TABLE t(x, y, z UNIQUE, q, PRIMARY KEY (x, y))\nCREATE TABLE q(a, b, c)\nCREATE INDEX t_q ON t(q)\n"
       "CREATE INDEX q_abc ON q(a, b, c)\nDROP TABLE t\nDROP INDEX q_abc",
       {"I S#5 a=" + table_t, "C", "I S#8 a=['table','q','q',9,'CREATE TABLE q(a, b, c)']", "C",
        "I S#9 a=['index','t_q','t',10,'CREATE INDEX t_q ON t(q)']", "C", "I S#10 a=" + index_q_abc, "C",
        "D S#5 b=" + table_t, "C", "D S#10 b=" + index_q_abc, "C"}},
      {"A22", kV1, "id", kThreeSteps, {"I t#1", "I t#3", "U t#1", "D t#3", "D t#1"}},
      {"A25",
       kV1,
       "full",
       kThreeSteps,
       {"I t#1 a=[1,2]", "I t#3 a=[3,4]", "U t#1 b=[1,2] a=[1,3] u=[0,1,N,3]", "D t#3 b=[3,4]", "D t#1 b=[1,3]"}},
      {"A39",
       "",
       "full",
       "CREATE TABLE t(x)\nCREATE INDEX t_idx ON t(x)",
       {"I S#5 a=['table','t','t',6,'CREATE TABLE t(x)']", "C",
        "I S#6 a=['index','t_idx','t',7,'CREATE INDEX t_idx ON t(x)']", "C"}},
      {"B01", kXY, "full", "UPDATE t SET y=1 WHERE x=99\nDELETE FROM t WHERE x=99", {"C", "C"}},
      {"B03", kXY, "full", "UPDATE t SET y=1 WHERE 0\nDELETE FROM t WHERE 0", {"C", "C"}},
      {"B06",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y,z); INSERT INTO t VALUES(1,1,'a')",
       "full",
       "INSERT OR IGNORE INTO t VALUES(1,99,'c')\nINSERT OR IGNORE INTO t VALUES(1,99,'c'),(3,30,'d')",
       {"C", "I t#3 a=[3,30,'d']", "C"}},
      {"B08",
       kXY,
       "id",
       "BEGIN\nINSERT INTO t VALUES(30,1)\n!INSERT INTO t VALUES(31,1),(30,1)\nINSERT INTO t VALUES(32,1)\nCOMMIT",
       {"I t#30", "I t#32", "C"}},
      {"B11",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,10)",
       "full",
       "INSERT INTO t VALUES(1,99),(5,50) ON CONFLICT(x) DO NOTHING",
       {"I t#5 a=[5,50]", "C"}},
      {"B13",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,0)",
       "full",
       "INSERT INTO t VALUES(1,10),(2,20),(2,21) ON CONFLICT(x) DO UPDATE SET y=excluded.y",
       {"U t#1 b=[1,0] a=[1,10] u=[0,1,N,10]", "I t#2 a=[2,20]", "U t#2 b=[2,20] a=[2,21] u=[0,1,N,21]", "C"}},
      {"B15",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,10)",
       "full",
       "UPDATE t SET x=x",
       {"D t#1 b=[1,10]", "I t#1 a=[1,10]", "C"}},
      {"B15_id",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,10)",
       "id",
       "UPDATE t SET x=x",
       {"D t#1", "I t#1", "C"}},
      {"B16",
       "CREATE TABLE t(a,b); INSERT INTO t(rowid,a,b) VALUES(10,9,4)",
       "full",
       "UPDATE t SET rowid=11 WHERE rowid=10",
       {"D t#10 b=[9,4]", "I t#11 a=[9,4]", "C"}},
      {"B19",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y,z); INSERT INTO t VALUES(2,20,'same')",
       "full",
       "UPDATE t SET z=NULL",
       {"U t#2 b=[2,20,'same'] a=[2,20,N] u=[0,0,1,N,N,N]", "C"}},
      {"B20",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,1),(2,2); CREATE TABLE s(a,b);"
       "INSERT INTO s VALUES(1,10),(2,20)",
       "full",
       "UPDATE t SET y=s.b FROM s WHERE s.a=t.x",
       {"U t#1 b=[1,1] a=[1,10] u=[0,1,N,10]", "U t#2 b=[2,2] a=[2,20] u=[0,1,N,20]", "C"}},
      {"B22",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y UNIQUE); INSERT INTO t VALUES(1,1),(2,2)",
       "full",
       "UPDATE OR IGNORE t SET y=1 WHERE x=2",
       {"C"}},
      {"B23",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,1),(3,3),(4,4)",
       "full",
       "DELETE FROM t\nDELETE FROM t",
       {"D t#1 b=[1,1]", "D t#3 b=[3,3]", "D t#4 b=[4,4]", "C", "C"}},
      {"B24",
       "CREATE TABLE t(k TEXT PRIMARY KEY,v)",
       "full",
       "INSERT INTO t VALUES('a',1),('b',2)\nUPDATE t SET k='c' WHERE k='a'\nREPLACE INTO t VALUES('b',3)",
       {"I t#1 a=['a',1]", "I t#2 a=['b',2]", "C", "U t#1 b=['a',1] a=['c',1] u=[1,0,'c',N]", "C", "D t#2 b=['b',2]",
        "I t#3 a=['b',3]", "C"}},
      {"B26",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y INTEGER); INSERT INTO t VALUES(1,1)",
       "full",
       "UPDATE t SET y='8'",
       {"U t#1 b=[1,1] a=[1,8] u=[0,1,N,8]", "C"}},
      {"B28",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); INSERT INTO t VALUES(1,1); ALTER TABLE t ADD COLUMN z DEFAULT 'dz'",
       "full",
       "UPDATE t SET y=2\nDELETE FROM t",
       {"U t#1 b=[1,1,'dz'] a=[1,2,'dz'] u=[0,1,0,N,2,N]", "C", "D t#1 b=[1,2,'dz']", "C"}},
      {"B29",
       "CREATE TABLE g(x INTEGER PRIMARY KEY,a,v AS (a*2),b)",
       "full",
       "INSERT INTO g(x,a,b) VALUES(1,10,'q')\nUPDATE g SET a=20",
       {"I g#1 a=[1,10,'q']", "C", "U g#1 b=[1,10,'q'] a=[1,20,'q'] u=[0,1,0,N,20,N]", "C"}},
      {"B30",
       "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
       "full",
       "INSERT INTO w VALUES('a',1)\nUPDATE w SET v=2\nDELETE FROM w",
       {"I w#X'020f61' a=['a',1]", "C", "U w#X'020f61' b=['a',1] a=['a',2] u=[0,1,N,2]", "C", "D w#X'020f61' b=['a',2]",
        "C"}},
      {"B32",
       "CREATE TABLE p(x INTEGER PRIMARY KEY); CREATE TABLE c(y INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);"
       "INSERT INTO p VALUES(1); INSERT INTO c VALUES(10,1),(11,1)",
       "full",
       "PRAGMA foreign_keys=1\nDELETE FROM p",
       {"D p#1 b=[1]", "D c#10 b=[10,1]", "D c#11 b=[11,1]", "C"}},
      {"B33",
       "CREATE TABLE p(k TEXT PRIMARY KEY); CREATE TABLE c(y INTEGER PRIMARY KEY, p REFERENCES p(k) ON UPDATE CASCADE);"
       "INSERT INTO p VALUES('a'); INSERT INTO c VALUES(10,'a')",
       "full",
       "PRAGMA foreign_keys=1\nUPDATE p SET k='z'",
       {"U p#1 b=['a'] a=['z'] u=[1,'z']", "U c#10 b=[10,'a'] a=[10,'z'] u=[0,1,N,'z']", "C"}},
      {"B36",
       "CREATE TABLE t(x INTEGER PRIMARY KEY,y); CREATE TABLE l(a);"
       "CREATE TRIGGER tr BEFORE INSERT ON t BEGIN INSERT INTO l VALUES(1); SELECT raise(ABORT,'no'); END",
       "full",
       "!INSERT INTO t VALUES(1,1)",
       {}},
      {"B38",
       kXY,
       "id",
       "BEGIN\nINSERT INTO t VALUES(5,1)\nSAVEPOINT b\nINSERT INTO t VALUES(6,1)\nROLLBACK TO b\n"
       "INSERT INTO t VALUES(7,1)\nRELEASE b\nCOMMIT",
       {"I t#5", "I t#7", "C"}},
      {"B40", kXY, "id", "BEGIN\nSAVEPOINT b\nINSERT INTO t VALUES(6,1)\nROLLBACK TO b\nCOMMIT", {}},
      {"B41", kXY, "id", "SAVEPOINT a\nINSERT INTO t VALUES(6,1)\nCOMMIT", {"I t#6", "C"}},
      {"B42",
       kXY,
       nullptr,
       "BEGIN\nPRAGMA capture_data_changes_conn('id')\nINSERT INTO t VALUES(6,1)\nCOMMIT",
       {"I t#6", "C"}},
      {"B44",
       kXY,
       "id",
       "BEGIN\nINSERT INTO t VALUES(6,1)\nPRAGMA capture_data_changes_conn('off')\nINSERT INTO t VALUES(7,1)\nCOMMIT",
       {"I t#6"}},
      {"B48",
       "CREATE TABLE t(x)",
       "full",
       "CREATE VIEW v AS SELECT 1\nCREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END\nDROP TRIGGER tr\n"
       "DROP VIEW v\nCREATE TABLE IF NOT EXISTS t(y)\nDROP TABLE IF EXISTS missing\nANALYZE\nVACUUM",
       {"I S#6 a=['view','v','v',0,'CREATE VIEW v AS SELECT 1']", "C",
        "I S#7 a=['trigger','tr','t',0,'CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END']", "C",
        "D S#7 b=['trigger','tr','t',0,'CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END']", "C",
        "D S#6 b=['view','v','v',0,'CREATE VIEW v AS SELECT 1']", "C"}},
      {"B49",
       "CREATE TABLE t(x,y); CREATE INDEX i ON t(x)",
       "full",
       "ALTER TABLE t RENAME TO t2\nALTER TABLE t2 RENAME COLUMN y TO z",
       {"U S#1 b=['table','t','t',2,'CREATE TABLE t(x,y)'] a=['table','t2','t2',2,'CREATE TABLE \"t2\"(x,y)'] "
        "u=[0,1,1,0,1,N,'t2','t2',N,'ALTER TABLE t RENAME TO t2']",
        "U S#2 b=['index','i','t',3,'CREATE INDEX i ON t(x)'] a=['index','i','t2',3,'CREATE INDEX i ON \"t2\"(x)'] "
        "u=[0,0,1,0,1,N,N,'t2',N,'ALTER TABLE t RENAME TO t2']",
        "C",
        "U S#1 b=['table','t2','t2',2,'CREATE TABLE \"t2\"(x,y)'] a=['table','t2','t2',2,'CREATE TABLE \"t2\"(x,z)'] "
        "u=[0,0,0,0,1,N,N,N,N,'ALTER TABLE t2 RENAME COLUMN y TO z']",
        "C"}},
  };
}

class CaptureCases : public CaptureTest, public ::testing::WithParamInterface<Case> {};

TEST_P(CaptureCases, LeavesThisLog) {
  const Case& c = GetParam();
  run(c.setup);
  if (c.mode != nullptr) run(std::string("PRAGMA capture_data_changes_conn('") + c.mode + "')");
  std::string_view steps = c.steps;
  while (!steps.empty()) {
    std::string_view line = steps.substr(0, steps.find('\n'));
    steps.remove_prefix(std::min(steps.size(), line.size() + 1));
    bool fails = line[0] == '!';
    if (fails) line.remove_prefix(1);
    Status status = exec(*c1_, line);
    EXPECT_EQ(status.has_value(), !fails) << line << (fails ? "" : ": " + status.error().message);
  }
  EXPECT_EQ(read_log(*c1_, c.log), c.expected);
}

INSTANTIATE_TEST_SUITE_P(Spec, CaptureCases, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return std::string(tested.param.number); });

}  // namespace
}  // namespace turso::database

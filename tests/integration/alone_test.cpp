// One replica writes, nobody else touches its rows: whatever the statements, a pull changes nothing of what it sees,
// and a push makes the server the same.
#include "integration/world.hpp"

namespace turso::sync::test {
namespace {

struct Script {
  std::string_view name;
  std::string_view before;  // pushed, known to everybody
  std::string_view pending;
};

void PrintTo(const Script& script, std::ostream* out) { *out << script.name; }

const Script kScripts[] = {
    {"InsertTriggerAudit",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE TABLE audit(id INTEGER PRIMARY KEY, what);"
     "CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO audit(what) VALUES('i'||new.id); END;"
     "CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO audit(what) VALUES('u'||new.id); END;"
     "CREATE TRIGGER td AFTER DELETE ON t BEGIN INSERT INTO audit(what) VALUES('d'||old.id); END;"
     "INSERT INTO t VALUES(1,'x'),(2,'y');",
     "INSERT INTO t VALUES(3,'z'); UPDATE t SET a='q' WHERE id=1; DELETE FROM t WHERE id=2;"
     "INSERT INTO t VALUES(1,'up') ON CONFLICT(id) DO UPDATE SET a=excluded.a; UPDATE t SET id=9 WHERE id=3;"
     "UPDATE t SET a=a;"},
    {"KeylessTriggerAudit",
     "CREATE TABLE t(a); CREATE TABLE audit(what);"
     "CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO audit(what) VALUES('i'||new.a); END;"
     "CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO audit(what) VALUES('u'||new.a); END;"
     "INSERT INTO t VALUES('x'),('y');",
     "INSERT INTO t VALUES('z'); UPDATE t SET a='q' WHERE a='x'; DELETE FROM t WHERE a='y';"},
    {"InsteadOf",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE VIEW v AS SELECT * FROM t;"
     "CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES(new.id, new.a); END;",
     "INSERT INTO v VALUES(1,'x'),(2,'y');"},
    {"ViewInsteadWithTriggerBelow",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE TABLE audit(what); CREATE VIEW v AS SELECT * FROM t;"
     "CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO audit VALUES('i'||new.id); END;"
     "CREATE TRIGGER vi INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES(new.id, new.a); END;",
     "INSERT INTO v VALUES(1,'x'),(2,'y');"},
    {"BeforeTriggerIgnore",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a);"
     "CREATE TRIGGER ti BEFORE INSERT ON t WHEN new.a IS NULL BEGIN SELECT RAISE(IGNORE); END;",
     "INSERT INTO t VALUES(1,'x'),(2,NULL);"},
    {"TriggerUpdatesOwnRow",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a, n DEFAULT 0);"
     "CREATE TRIGGER tu AFTER UPDATE OF a ON t BEGIN UPDATE t SET n = n + 1 WHERE id = new.id; END;"
     "INSERT INTO t VALUES(1,'x',0),(2,'y',0);",
     "UPDATE t SET a='q'; UPDATE t SET a='r' WHERE id=1; UPDATE t SET n=n+10 WHERE id=2;"},
    {"TriggerUpdatesOwnRowOnInsert",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a, n DEFAULT 0);"
     "CREATE TRIGGER ti AFTER INSERT ON t BEGIN UPDATE t SET n = n + 1 WHERE id = new.id; END;",
     "INSERT INTO t VALUES(1,'x',5); UPDATE t SET a='y';"},
    {"KeylessTriggerUpdatesOwnRow",
     "CREATE TABLE t(a, n DEFAULT 0);"
     "CREATE TRIGGER ti AFTER INSERT ON t BEGIN UPDATE t SET n = n + 1 WHERE rowid = new.rowid; END;",
     "INSERT INTO t VALUES('x',5); UPDATE t SET a='y';"},
    {"Cascade",
     "CREATE TABLE p(id INTEGER PRIMARY KEY, a); CREATE TABLE c(x, p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);"
     "INSERT INTO p VALUES(1,'x'),(2,'y'); INSERT INTO c VALUES('a',1),('a',1),('b',2);",
     "PRAGMA foreign_keys=ON; UPDATE p SET id=5 WHERE id=1; DELETE FROM p WHERE id=2;"},
    {"ReplaceParentFkOff",
     "CREATE TABLE p(id INTEGER PRIMARY KEY, a); CREATE TABLE c(x INTEGER PRIMARY KEY, p REFERENCES p ON DELETE "
     "CASCADE);"
     "INSERT INTO p VALUES(1,'x'),(2,'y'); INSERT INTO c VALUES(1,1),(2,1),(3,2);",
     "PRAGMA foreign_keys=OFF; REPLACE INTO p VALUES(2,'again');"},
    {"SetNullSelf",
     "CREATE TABLE n(id INTEGER PRIMARY KEY, up REFERENCES n ON DELETE SET NULL, a);"
     "INSERT INTO n VALUES(1,NULL,'r'),(2,1,'a'),(3,2,'b');",
     "PRAGMA foreign_keys=ON; DELETE FROM n WHERE id=2; UPDATE n SET a='q';"},
    {"Generated",
     "CREATE TABLE g(id INTEGER PRIMARY KEY, a, b AS (a||'!') STORED, v AS (a||'?'), c);"
     "INSERT INTO g(id,a,c) VALUES(1,'x','1'),(2,'y','2');",
     "INSERT INTO g(id,a,c) VALUES(3,'z','3'); UPDATE g SET c='q' WHERE id=1; UPDATE g SET a='w' WHERE id=2;"
     "UPDATE g SET c=c; DELETE FROM g WHERE id=1;"},
    {"GeneratedKeyless",
     "CREATE TABLE g(v AS (a||'?'), a, b AS (a||'!') STORED, c);"
     "INSERT INTO g(a,c) VALUES('x','1'),('y','2');",
     "INSERT INTO g(a,c) VALUES('z','3'); UPDATE g SET c='q' WHERE a='x'; UPDATE g SET a='w' WHERE c='2'; DELETE FROM "
     "g WHERE c='q';"},
    {"GeneratedKey",
     "CREATE TABLE g(a INTEGER, b AS (a*2) STORED UNIQUE, c, PRIMARY KEY(a));"
     "INSERT INTO g(a,c) VALUES(1,'1'),(2,'2');",
     "UPDATE g SET a=a+10; REPLACE INTO g(a,c) VALUES(11,'r');"},
    {"AddColumnThenGenerated", "CREATE TABLE g(id INTEGER PRIMARY KEY, a); INSERT INTO g VALUES(1,'x');",
     "ALTER TABLE g ADD COLUMN v AS (a||'?'); ALTER TABLE g ADD COLUMN c DEFAULT 'dc'; INSERT INTO g(id,a) "
     "VALUES(2,'y');"
     "UPDATE g SET a='w';"},
    {"DropColumnBetween", "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c); INSERT INTO t VALUES(1,'a','b','c');",
     "INSERT INTO t VALUES(2,'a2','b2','c2'); ALTER TABLE t DROP COLUMN a; INSERT INTO t VALUES(3,'b3','c3');"
     "UPDATE t SET c='C'; ALTER TABLE t ADD COLUMN a; UPDATE t SET a='new' WHERE id=1;"},
    {"RenameColumn",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); CREATE INDEX ia ON t(a); CREATE VIEW va AS SELECT a FROM t; INSERT "
     "INTO t VALUES(1,'a','b');",
     "UPDATE t SET a='1'; ALTER TABLE t RENAME COLUMN a TO z; UPDATE t SET z='2'; INSERT INTO t VALUES(2,'x','y');"
     "ALTER TABLE t RENAME TO tt; INSERT INTO tt VALUES(3,'x','y'); UPDATE tt SET b='q' WHERE z='2';"},
    {"DropAndRecreate", "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b); INSERT INTO t VALUES(1,'a','b'),(2,'c','d');",
     "INSERT INTO t VALUES(3,'x','y'); DROP TABLE t; CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t "
     "VALUES('k','v');"
     "DROP TABLE t; CREATE TABLE t(z); INSERT INTO t VALUES(1),(1); DELETE FROM t WHERE rowid=1;"},
    {"WithoutRowid",
     "CREATE TABLE w(a TEXT COLLATE NOCASE, b INTEGER, c, PRIMARY KEY(b,a)) WITHOUT ROWID; INSERT INTO w "
     "VALUES('k',1,'x'),('l',2,'y');",
     "UPDATE w SET a='K' WHERE b=1; UPDATE w SET c='q'; REPLACE INTO w VALUES('L',2,'r'); DELETE FROM w WHERE a='k'; "
     "INSERT INTO w VALUES('k',1,'again');"},
    {"TextKeyNocase", "CREATE TABLE w(a TEXT COLLATE NOCASE PRIMARY KEY, c); INSERT INTO w VALUES('k','x'),('l','y');",
     "UPDATE w SET a='K' WHERE a='k'; REPLACE INTO w VALUES('L','r'); DELETE FROM w WHERE a='k'; INSERT INTO w "
     "VALUES('k','again');"
     "INSERT INTO w VALUES('m','1'); UPDATE w SET a='M' WHERE a='m';"},
    {"NullKeys", "CREATE TABLE w(a TEXT PRIMARY KEY, c); INSERT INTO w VALUES(NULL,'x'),(NULL,'x'),('l','y');",
     "UPDATE w SET a='K' WHERE rowid=2; INSERT INTO w VALUES(NULL,'z'); UPDATE w SET c='q' WHERE a IS NULL AND c='x'; "
     "DELETE FROM w WHERE c='z';"
     "UPDATE w SET a=NULL WHERE a='l';"},
    {"StrangeValues", "CREATE TABLE s(id INTEGER PRIMARY KEY, v); INSERT INTO s VALUES(1,1),(2,2);",
     "INSERT INTO s VALUES(3,9e999),(4,-9e999),(5,CAST(x'ff00fe' AS TEXT)),(6,CAST(x'610062' AS "
     "TEXT)),(7,x''),(8,''),(9,-0.0),"
     "(10,9223372036854775807),(11,-9223372036854775807-1),(12,1e308),(13,4.9e-324),(14,'é'),(15,1.0),(16,0.1);"
     "UPDATE s SET v=9e999 WHERE id=1; UPDATE s SET v=CAST(x'00' AS TEXT) WHERE id=2;"},
    {"StrangeValuesKeyless",
     "CREATE TABLE s(v, w); INSERT INTO s VALUES(1,1),(1.0,2),('1',3),(9e999,4),(NULL,5),(x'31',6),(CAST(x'ff00' AS "
     "TEXT),7);",
     "UPDATE s SET w=w*10; DELETE FROM s WHERE w>40; INSERT INTO s VALUES(-0.0,0);"},
    {"Affinity", "CREATE TABLE s(r REAL, i INTEGER, t TEXT, n NUMERIC); INSERT INTO s VALUES(3,3,3,3),(3.5,4,'x','5');",
     "UPDATE s SET t='q' WHERE r=3; INSERT INTO s VALUES(7,'8',9,'10'); DELETE FROM s WHERE r=3.5; UPDATE s SET "
     "r=r+1;"},
    {"Strict",
     "CREATE TABLE s(id INTEGER PRIMARY KEY, r REAL, a ANY, b BLOB) STRICT; INSERT INTO s VALUES(1,3,'3',x'00');",
     "UPDATE s SET r=4; INSERT INTO s VALUES(2,5,5,NULL); UPDATE s SET a=x'31';"},
    {"OddNames",
     "CREATE TABLE \"a b\"\"c\"(\"x y\" INTEGER PRIMARY KEY, \"select\", \"q\"\"q\"); INSERT INTO \"a b\"\"c\" "
     "VALUES(1,2,3);",
     "UPDATE \"a b\"\"c\" SET \"select\"=5; INSERT INTO \"A B\"\"C\" VALUES(2,3,4); ALTER TABLE \"a b\"\"c\" ADD "
     "COLUMN \"n n\"; "
     "CREATE TABLE 'quoted'(a); INSERT INTO quoted VALUES(1); CREATE TABLE [br](a); INSERT INTO br VALUES(2); CREATE "
     "INDEX \"i i\" ON \"a b\"\"c\"(\"n n\");"},
    {"HiddenRowid", "CREATE TABLE h(rowid, oid, a); INSERT INTO h VALUES(1,2,'x'),(1,2,'y');",
     "UPDATE h SET a='z' WHERE a='x'; DELETE FROM h WHERE a='y'; INSERT INTO h VALUES(5,6,'q');"},
    {"CreateAsSelect", "CREATE TABLE a(x,y); INSERT INTO a VALUES(1,2),(3,4);",
     "CREATE TABLE b AS SELECT * FROM a; INSERT INTO b VALUES(5,6); UPDATE b SET x=0;"},
    {"Autoincrement", "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, y); INSERT INTO a(y) VALUES(1),(2);",
     "INSERT INTO a(y) VALUES(3),(4); DELETE FROM a WHERE y=4; INSERT INTO a(y) VALUES(5);"},
    {"Savepoints", "CREATE TABLE a(id INTEGER PRIMARY KEY, y); INSERT INTO a(y) VALUES(1),(2);",
     "BEGIN; INSERT INTO a(y) VALUES(3); SAVEPOINT s; UPDATE a SET y=0; ROLLBACK TO s; CREATE TABLE n(x); INSERT INTO "
     "n VALUES(1);"
     "SAVEPOINT t; ALTER TABLE n ADD COLUMN z; ROLLBACK TO t; INSERT INTO n VALUES(2); COMMIT;"},
    {"KeySwap", "CREATE TABLE a(id INTEGER PRIMARY KEY, y); INSERT INTO a VALUES(1,'one'),(2,'two');",
     "BEGIN; UPDATE a SET id=-1 WHERE id=1; UPDATE a SET id=1 WHERE id=2; UPDATE a SET id=2 WHERE id=-1; COMMIT;"},
    {"KeyTakenOver",
     "CREATE TABLE a(id INTEGER PRIMARY KEY, y UNIQUE); INSERT INTO a VALUES(1,'one'),(2,'two'),(3,'three');",
     "UPDATE OR REPLACE a SET id=2 WHERE id=1; UPDATE OR REPLACE a SET y='one' WHERE id=3;"},
    {"NewTriggerPending",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE TABLE audit(id INTEGER PRIMARY KEY, what); INSERT INTO t "
     "VALUES(1,'x');",
     "UPDATE t SET a='before'; CREATE TRIGGER tu AFTER UPDATE ON t BEGIN INSERT INTO audit(what) VALUES('u'||new.a); "
     "END; UPDATE t SET a='after';"},
    {"HeaderFields", "CREATE TABLE t(a);", "PRAGMA user_version=7; PRAGMA application_id=9; INSERT INTO t VALUES(1);"},
    {"ManyRows", "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b);",
     "INSERT INTO t SELECT value, hex(randomblob(30)), value%7 FROM generate_series(1,5000); UPDATE t SET a=a||b WHERE "
     "b=3; DELETE FROM t WHERE b=4; UPDATE t SET id=id+10000 WHERE b=5;"},
    {"TableRebuild",
     "CREATE TABLE t(id INTEGER PRIMARY KEY, a); CREATE INDEX ti ON t(a); CREATE TRIGGER tt AFTER INSERT ON t BEGIN "
     "SELECT 1; END; INSERT INTO t VALUES(1,'x'),(2,'y');",
     "BEGIN; CREATE TABLE new_t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b DEFAULT 5); INSERT INTO new_t(id,a) SELECT "
     "id,a FROM t; DROP TABLE t; ALTER TABLE new_t RENAME TO t; CREATE INDEX ti ON t(a); COMMIT; INSERT INTO t "
     "VALUES(3,'z',6);"},
};

class Alone : public testing::TestWithParam<Script> {
 protected:
  void SetUp() override {
    world.place(laptop, "laptop");
    world.place(phone, "phone");
    ASSERT_TRUE(laptop.create(world.host()).has_value());
    laptop.sql("CREATE TABLE other(id INTEGER PRIMARY KEY, a); INSERT INTO other VALUES(1,1)");
    laptop.sql(std::string(GetParam().before));
    auto pushed = laptop.push(world.host());
    ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
    ASSERT_EQ(contents(world), contents(laptop)) << "first push";
    auto pulled = laptop.pull(world.host());
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
    laptop.sql(std::string(GetParam().pending));
    written = contents(laptop);
    ASSERT_TRUE(phone.create(world.host()).has_value());
  }
  void push() {
    auto pushed = laptop.push(world.host());
    ASSERT_TRUE(pushed.has_value()) << pushed.error().message;
  }
  void pull() {
    auto pulled = laptop.pull(world.host());
    ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  }
  World world;
  Device laptop;
  Device phone;
  std::string written;
};

TEST_P(Alone, APushMakesTheServerTheSame) {
  ASSERT_NO_FATAL_FAILURE(push());
  EXPECT_EQ(contents(world), written);
  ASSERT_NO_FATAL_FAILURE(pull());
  EXPECT_EQ(contents(laptop), written);
}

TEST_P(Alone, APullOfAnotherTableChangesNothing) {
  phone.sql("UPDATE other SET a = 2");
  ASSERT_TRUE(phone.push(world.host()).has_value());
  laptop.sql("UPDATE other SET a = 2");
  written = contents(laptop);
  ASSERT_NO_FATAL_FAILURE(pull());
  EXPECT_EQ(contents(laptop), written);
  ASSERT_NO_FATAL_FAILURE(push());
  EXPECT_EQ(contents(world), written);
  ASSERT_NO_FATAL_FAILURE(pull());
  EXPECT_EQ(contents(laptop), written);
  EXPECT_EQ(laptop.query("PRAGMA integrity_check"), "ok");
}

INSTANTIATE_TEST_SUITE_P(Scripts, Alone, testing::ValuesIn(kScripts),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace turso::sync::test

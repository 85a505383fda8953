"""scenarios.py -- what two replicas of any make, and a remote of any make, must do together.

A scenario is a function of a World. It starts from an empty remote, and `world.open("a")` and `world.open("b")` are
replicas of the two makes under test. Not used here, because the published clients do it wrongly among themselves:
tables without key, triggers, upserts, changes of a key, views. scenarios_server.py has those for our server alone.
"""
import random

from replicas import ReplicaError

ALL = []


def scenario(function):
    ALL.append(function)
    return function


def expect(what, got, wanted):
    assert got == wanted, f"{what}:\n    got    {got!r}\n    wanted {wanted!r}"


def expect_all_pushed(replica):
    assert replica.pending() in (0, None), f"{replica.pending()} changes are left to push"


def settle(*replicas):
    """Pushes and pulls until nobody has anything to say: each must hear of the last one's push."""
    for _ in range(2):
        for replica in replicas:
            replica.push()
            replica.pull()
    for replica in replicas:
        replica.pull()
        expect_all_pushed(replica)


def expect_everywhere(world, replicas, sql, wanted):
    for name, replica in replicas.items():
        expect(f"{sql} at {name}", replica.rows(sql), wanted)
    expect(f"{sql} at a fresh replica of the remote", world.open("fresh").rows(sql), wanted)


@scenario
def bootstrap_push_and_pull_of_several_tables(world):
    a = world.open("a")
    a.execute("CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT)", "CREATE TABLE tags(name TEXT PRIMARY KEY, weight REAL)",
              "CREATE TABLE links(note INTEGER, tag TEXT, at INTEGER, PRIMARY KEY (note, tag))")
    a.execute("INSERT INTO notes VALUES (1, 'one'), (2, 'two')", "INSERT INTO tags VALUES ('red', 0.5)",
              "INSERT INTO links VALUES (1, 'red', 10), (2, 'red', 20)")
    a.push()
    expect_all_pushed(a)
    b = world.open("b")
    expect("notes at b", b.rows("SELECT * FROM notes ORDER BY id"), [(1, "one"), (2, "two")])
    expect("tags at b", b.rows("SELECT * FROM tags"), [("red", 0.5)])
    expect("links at b", b.rows("SELECT * FROM links ORDER BY note"), [(1, "red", 10), (2, "red", 20)])
    b.execute("INSERT INTO notes VALUES (3, 'three')", "CREATE TABLE more(id INTEGER PRIMARY KEY)", "INSERT INTO more VALUES (7)")
    b.push()
    expect("something new at a", a.pull(), True)
    expect("notes at a", a.rows("SELECT * FROM notes ORDER BY id"), [(1, "one"), (2, "two"), (3, "three")])
    expect("more at a", a.rows("SELECT * FROM more"), [(7,)])
    expect("something new at a", a.pull(), False)


@scenario
def every_type_of_value_arrives_as_it_was(world):
    a = world.open("a")
    a.execute("CREATE TABLE v(id INTEGER PRIMARY KEY, value)")
    values = [None, 0, 1, -1, 127, -128, 32768, 8388608, 2**31, 2**47, 9007199254740993, 2**63 - 1, -(2**63),
              0.5, -1.5, 0.1, 1e300, 5e-324, 1.7976931348623157e308, 3.0e10, "", "text", "it''s", "ä€😀", "line\nbreak",
              b"", b"\x00", b"\x00\xff\xfe", bytes(range(256)), "x" * 10_000, b"\xab" * 10_000]

    def literal(value):
        if value is None:
            return "NULL"
        if isinstance(value, bytes):
            return f"x'{value.hex()}'"
        if isinstance(value, str):
            return "'" + value + "'"
        if value == -(2**63):
            return "(-9223372036854775807 - 1)"
        return repr(value)

    for key, value in enumerate(values):
        a.execute(f"INSERT INTO v VALUES ({key}, {literal(value)})")
    wanted = [(key, value.replace("''", "'") if isinstance(value, str) else value) for key, value in enumerate(values)]
    typed = [(key, type(value).__name__, value) for key, value in wanted]

    def typed_rows(replica):
        return [(key, type(value).__name__, value) for key, value in replica.rows("SELECT id, value FROM v ORDER BY id")]

    expect("values at a", typed_rows(a), typed)
    a.push()
    b = world.open("b")
    expect("values at b", typed_rows(b), typed)
    b.execute("UPDATE v SET value = value WHERE id >= 0", "INSERT INTO v SELECT id + 1000, value FROM v")
    b.push()
    a.pull()
    copies = typed + [(key + 1000, kind, value) for key, kind, value in typed]
    expect("values at a after b wrote them again", typed_rows(a), copies)
    expect("values at a fresh replica", typed_rows(world.open("fresh")), copies)


@scenario
def updates_and_deletes_go_both_ways(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, y INTEGER)",
              "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5)")
    a.push()
    b = world.open("b")
    b.execute("UPDATE t SET x = 'B' WHERE id = 2", "DELETE FROM t WHERE id = 3")
    b.push()
    a.pull()
    expect("t at a", a.rows("SELECT * FROM t ORDER BY id"), [(1, "a", 1), (2, "B", 2), (4, "d", 4), (5, "e", 5)])
    a.execute("UPDATE t SET y = y * 10 WHERE id > 3", "DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (3, 'again', 33)")
    a.push()
    b.pull()
    wanted = [(2, "B", 2), (3, "again", 33), (4, "d", 40), (5, "e", 50)]
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", wanted)


@scenario
def changes_of_both_sides_are_rebased(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, y TEXT)", "INSERT INTO t VALUES (1, 'x', 'y'), (2, 'x', 'y')")
    a.push()
    b = world.open("b")
    a.execute("UPDATE t SET x = 'from a' WHERE id = 1", "INSERT INTO t VALUES (10, 'a', 'a')")
    b.execute("UPDATE t SET y = 'from b' WHERE id = 1", "INSERT INTO t VALUES (20, 'b', 'b')", "DELETE FROM t WHERE id = 2")
    a.push()
    b.pull()
    merged = [(1, "from a", "from b"), (10, "a", "a"), (20, "b", "b")]
    expect("t at b after the rebase", b.rows("SELECT * FROM t ORDER BY id"), merged)
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", merged)


@scenario
def the_last_push_wins_a_cell(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'start')")
    a.push()
    b = world.open("b")
    a.execute("UPDATE t SET x = 'a' WHERE id = 1")
    b.execute("UPDATE t SET x = 'b' WHERE id = 1")
    a.push()
    b.pull()
    expect("the local change is on top at b", b.rows("SELECT x FROM t"), [("b",)])
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT x FROM t", [("b",)])


@scenario
def the_same_key_inserted_twice_is_one_row(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)")
    a.push()
    b = world.open("b")
    a.execute("INSERT INTO t VALUES (1, 'a')")
    b.execute("INSERT INTO t VALUES (1, 'b')")
    a.push()
    b.pull()
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t", [(1, "b")])


@scenario
def a_deleted_row_stays_deleted(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    a.push()
    b = world.open("b")
    a.execute("UPDATE t SET x = 'kept?' WHERE id = 1")
    b.execute("DELETE FROM t WHERE id = 1")
    a.push()
    b.pull()
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t", [(2, "x")])


@scenario
def the_schema_travels(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'x')", "CREATE TABLE gone(id INTEGER PRIMARY KEY)",
              'CREATE TABLE "odd name"("a b" TEXT PRIMARY KEY, "select" INTEGER)', """INSERT INTO "odd name" VALUES ('k', 1)""")
    a.push()
    b = world.open("b")
    b.execute("ALTER TABLE t ADD COLUMN y INTEGER DEFAULT 5", "UPDATE t SET y = 7 WHERE id = 1", "INSERT INTO t(id, x) VALUES (2, 'z')",
              "CREATE INDEX by_x ON t(x)", "DROP TABLE gone", """UPDATE "odd name" SET "select" = 2""")
    b.push()
    a.pull()
    expect("t at a", a.rows("SELECT id, x, y FROM t ORDER BY id"), [(1, "x", 7), (2, "z", 5)])
    expect("objects at a", a.rows("SELECT name FROM sqlite_schema WHERE name IN ('t', 'by_x', 'gone') ORDER BY name"), [("by_x",), ("t",)])
    expect("odd name at a", a.rows('SELECT "a b", "select" FROM "odd name"'), [("k", 2)])
    a.execute("INSERT INTO t VALUES (3, 'w', 9)")
    a.push()
    b.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "x", 7), (2, "z", 5), (3, "w", 9)])


@scenario
def a_large_database_comes_in_chunks(world):
    a = world.open("a", push_operations_threshold=100)
    a.execute("CREATE TABLE big(id INTEGER PRIMARY KEY, data BLOB)")
    for first in range(0, 1200, 300):
        rows = ",".join(f"({key}, x'{key % 256:02x}{'5a' * 900}')" for key in range(first, first + 300))
        a.execute(f"INSERT INTO big VALUES {rows}")
    a.push()
    expect_all_pushed(a)
    b = world.open("b", pull_bytes_threshold=64 * 1024)
    expect("rows at b", b.rows("SELECT count(*), sum(length(data)), sum(id) FROM big"), [(1200, 1200 * 901, 1199 * 600)])
    expect("pages of b are sound", b.rows("PRAGMA integrity_check"), [("ok",)])
    b.execute("DELETE FROM big WHERE id % 3 = 0", "UPDATE big SET data = x'01' WHERE id % 3 = 1")
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT count(*), sum(length(data)) FROM big", [(800, 400 * 901 + 400)])


@scenario
def a_replica_is_closed_and_opened_again(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'pushed')")
    a.push()
    a.execute("INSERT INTO t VALUES (2, 'pending')")
    a.reopen()
    expect("t at a", a.rows("SELECT * FROM t ORDER BY id"), [(1, "pushed"), (2, "pending")])
    b = world.open("b")
    b.execute("INSERT INTO t VALUES (3, 'b')")
    b.push()
    b.reopen()
    a.push()
    a.reopen()
    a.pull()
    b.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "pushed"), (2, "pending"), (3, "b")])


@scenario
def a_replica_that_is_killed_loses_nothing(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'x')")
    a.push()
    a.execute("INSERT INTO t VALUES (2, 'y')")
    a.kill_and_reopen()
    a.push()
    a.kill_and_reopen()
    a.push()
    b = world.open("b")
    b.execute("UPDATE t SET x = x || '!'")
    b.push()
    a.pull()
    a.kill_and_reopen()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "x!"), (2, "y!")])


@scenario
def many_small_transactions(world):
    a = world.open("a", push_operations_threshold=7)
    b = world.open("b", push_operations_threshold=3)
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER)")
    a.push()
    b.pull()
    a.execute(*[f"INSERT INTO t VALUES ({key}, 0)" for key in range(0, 60, 2)])
    b.execute(*[f"INSERT INTO t VALUES ({key}, 1)" for key in range(1, 60, 2)])
    settle(a, b)
    expect_everywhere(world, {"a": a, "b": b}, "SELECT count(*), sum(id), sum(n) FROM t", [(60, 1770, 30)])


@scenario
def a_checkpoint_changes_nothing(world):
    a = world.open("a")
    a.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'x')")
    a.push()
    b = world.open("b")
    b.execute("INSERT INTO t VALUES (2, 'pending')")
    b.checkpoint()
    a.checkpoint()
    a.execute("INSERT INTO t VALUES (3, 'later')")
    a.push()
    b.pull()
    b.checkpoint()
    b.push()
    a.pull()
    expect_everywhere(world, {"a": a, "b": b}, "SELECT * FROM t ORDER BY id", [(1, "x"), (2, "pending"), (3, "later")])


@scenario
def a_broken_constraint_is_named_and_the_others_go_on(world):
    a = world.open("a")
    a.execute("CREATE TABLE u(id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
    a.push()
    b = world.open("b")
    a.execute("INSERT INTO u VALUES (1, 'same')")
    b.execute("INSERT INTO u VALUES (2, 'same')")
    a.push()
    try:
        b.push()
        raise AssertionError("b could push a second 'same'")
    except ReplicaError as failure:
        assert "UNIQUE constraint failed: u.name" in str(failure), f"the constraint is not named: {failure}"
    a.execute("INSERT INTO u VALUES (3, 'other')")
    a.push()
    expect("u at a fresh replica", world.open("fresh").rows("SELECT * FROM u ORDER BY id"), [(1, "same"), (3, "other")])
    expect("b keeps its row", b.rows("SELECT * FROM u WHERE id = 2"), [(2, "same")])


@scenario
def random_sessions_converge(world):
    for round_number in range(world.rounds):
        seed = world.seed + round_number
        try:
            random_session(world, seed, f"{round_number}")
        except Exception as failure:
            raise AssertionError(f"seed {seed}: {failure}") from failure


def random_session(world, seed, name):
    dice = random.Random(seed)
    a, b = world.open("a", f"a{name}"), world.open("b", f"b{name}")
    keyed, named = f"keyed{name}", f"named{name}"
    a.execute(f"CREATE TABLE {keyed}(id INTEGER PRIMARY KEY, x, y)", f"CREATE TABLE {named}(name TEXT PRIMARY KEY, x)")
    a.push()
    b.pull()

    def value():
        return dice.choice(["NULL", str(dice.randrange(-(2**62), 2**62)), f"{dice.random()!r}", f"'{'t' * dice.randrange(30)}'",
                            f"x'{dice.randbytes(dice.randrange(12)).hex()}'"])

    def statement(mine):
        key = 2 * dice.randrange(15) + mine
        any_key = dice.randrange(30)
        return dice.choice([
            f"INSERT INTO {keyed} SELECT {key}, {value()}, {value()} WHERE NOT EXISTS (SELECT 1 FROM {keyed} WHERE id = {key})",
            f"INSERT INTO {named} SELECT 'n{key}', {value()} WHERE NOT EXISTS (SELECT 1 FROM {named} WHERE name = 'n{key}')",
            f"UPDATE {keyed} SET x = {value()} WHERE id = {any_key}",
            f"UPDATE {keyed} SET x = {value()}, y = {value()} WHERE id < {any_key}",
            f"UPDATE {named} SET x = {value()} WHERE name = 'n{any_key}'",
            f"DELETE FROM {keyed} WHERE id = {any_key}",
            f"DELETE FROM {named} WHERE name = 'n{any_key}'"])

    for _ in range(25):
        mine = dice.randrange(2)
        replica = (a, b)[mine]
        action = dice.random()
        if action < 0.6:
            replica.execute(*[statement(mine) for _ in range(dice.randrange(1, 5))])
        elif action < 0.75:
            replica.push()
        elif action < 0.95:
            replica.pull()
        else:
            replica.reopen()
    settle(a, b)
    fresh = world.open("fresh", f"fresh{name}")
    for table in (f"SELECT * FROM {keyed} ORDER BY id", f"SELECT * FROM {named} ORDER BY name"):
        wanted = fresh.rows(table)
        expect(f"{table} at a", a.rows(table), wanted)
        expect(f"{table} at b", b.rows(table), wanted)
    for replica in (a, b, fresh):
        replica.close()

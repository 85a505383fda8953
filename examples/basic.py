"""Two replicas of one database. Run: python examples/basic.py http://127.0.0.1:8080"""
import sys
import tempfile
import turso_sync

with tempfile.TemporaryDirectory() as folder:
    laptop = turso_sync.connect(f"{folder}/laptop.db", sys.argv[1])
    laptop.execute("CREATE TABLE IF NOT EXISTS notes(id INTEGER PRIMARY KEY, body TEXT)")
    with laptop:  # one transaction, captured with the change itself
        laptop.execute("INSERT INTO notes(body) VALUES (?)", ("written offline",))
    print("not pushed yet:", laptop.stats().cdc_operations)
    laptop.push()

    phone = turso_sync.connect(f"{folder}/phone.db", sys.argv[1])  # downloads what is there
    with phone:
        phone.execute("UPDATE notes SET body = body || ', edited on the phone'")
    phone.push()
    laptop.pull()
    print(laptop.execute("SELECT body FROM notes").fetchall())
    laptop.close(), phone.close()

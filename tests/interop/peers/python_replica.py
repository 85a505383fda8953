"""A replica of the published Python client, driven line by line.

One JSON request per line on standard input, one JSON answer per line on standard output: {"ok": RESULT} or
{"error": TEXT}. Rows are lists; INTEGER and REAL are numbers, a BLOB is {"$hex": "..."}.
"""
import json
import sys

import turso.sync


def plain(value):
    return {"$hex": value.hex()} if isinstance(value, (bytes, bytearray)) else value


class Replica:
    def __init__(self):
        self.connection = None

    def open(self, path, url, options):
        self.connection = turso.sync.connect(path, url, isolation_level=None, **options)

    def close(self):
        self.connection.close()
        self.connection = None

    def execute(self, statements):
        for statement in statements:
            cursor = self.connection.cursor()
            cursor.execute(statement)
            cursor.close()

    def rows(self, sql):
        return [[plain(value) for value in row] for row in self.connection.execute(sql).fetchall()]

    def push(self):
        self.connection.push()

    def pull(self):
        return self.connection.pull()

    def checkpoint(self):
        self.connection.checkpoint()

    def pending(self):
        return self.connection.stats().cdc_operations


def main():
    replica = Replica()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": getattr(replica, request["call"])(*request["args"])}
        except BaseException as failure:  # whatever goes wrong is the answer, a panic of theirs too
            answer = {"error": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

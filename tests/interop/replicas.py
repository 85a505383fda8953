"""replicas.py -- one face for every client: the published ones behind a child process, ours behind the command line.

execute(*statements), rows(sql), push(), pull(), checkpoint(), pending(), close(), reopen(), kill_and_reopen(). What a
client refuses is a ReplicaError with its own words. pending() is None where a client cannot tell.
"""
import json
import pathlib
import queue
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
CALL_SECONDS_MAX = 60  # a client that is silent for so long hangs


class ReplicaError(Exception):
    pass


def normal(value):
    """A value that compares by type: 1 and 1.0 differ, blobs are bytes."""
    if isinstance(value, dict):
        return bytes.fromhex(value["$hex"])
    return value


class PipedReplica:
    """A published client in a process of its own, so that a panic of it ends one scenario and nothing else."""

    def __init__(self, command, path, url, **options):
        self.command, self.path, self.url, self.options = command, str(path), url, options
        self.log = open(f"{path}.log", "ab")
        self._start()
        self._call("open", self.path, self.url, self.options)

    def _start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, self.answers), daemon=True).start()

    @staticmethod
    def _read(process, answers):
        for line in process.stdout:
            answers.put(line)
        answers.put(None)

    def _call(self, call, *args):
        try:
            self.process.stdin.write(json.dumps({"call": call, "args": args}).encode() + b"\n")
            self.process.stdin.flush()
            line = self.answers.get(timeout=CALL_SECONDS_MAX)
        except (BrokenPipeError, queue.Empty) as failure:
            raise ReplicaError(f"{call}: {failure or 'no answer'}; {self._last_words()}") from None
        if line is None:
            raise ReplicaError(f"{call}: the client died; {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ReplicaError(f"{call}: {answer['error']}")
        return answer["ok"]

    def _last_words(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")[-1000:]

    def execute(self, *statements):
        self._call("execute", statements)

    def rows(self, sql):
        return [tuple(normal(value) for value in row) for row in self._call("rows", sql)]

    def push(self):
        self._call("push")

    def pull(self):
        return self._call("pull")

    def checkpoint(self):
        self._call("checkpoint")

    def pending(self):
        return self._call("pending")

    def close(self):
        if self.process is None:
            return
        self.process.stdin.close()
        try:
            self.process.wait(CALL_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def reopen(self):
        self._call("close")
        self.close()
        self._start()
        self._call("open", self.path, self.url, self.options)

    def kill_and_reopen(self):
        self.process.kill()
        self.process.wait()
        self._start()
        self._call("open", self.path, self.url, self.options)


class CliReplica:
    """Ours. Every call is a process of its own, so every call also opens and closes the replica."""

    def __init__(self, program, path, url, **options):
        self.program, self.path = str(program), str(path)
        self.flags = []
        if "pull_bytes_threshold" in options:
            self.flags += ["--pull-bytes-threshold", str(options["pull_bytes_threshold"])]
        if "push_operations_threshold" in options:
            self.flags += ["--push-operations-threshold", str(options["push_operations_threshold"])]
        if "auth_token" in options:
            self.flags += ["--token", options["auth_token"]]
        self.pull_flags = ["--wait", str(options["long_poll_timeout_ms"])] if "long_poll_timeout_ms" in options else []
        self._run("create", "--remote", url, *self.flags)

    def _run(self, command, *args, text=None):
        done = subprocess.run([self.program, command, self.path, *args], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", timeout=CALL_SECONDS_MAX)
        if done.returncode != 0:
            raise ReplicaError(f"{command}: {done.stderr.strip()[-1000:]}")
        return done.stdout

    def execute(self, *statements):
        self._run("sql", text=";\n".join(statements) + ";\n")

    def rows(self, sql):
        lines = self._run("sql", "--json", text=sql).splitlines()
        return [tuple(normal(value) for value in json.loads(line).values()) for line in lines]

    def push(self):
        self._run("push", *self.flags)

    def pull(self):
        said = self._run("pull", *self.flags, *self.pull_flags)
        return {"pulled: something new came": True, "pulled: nothing new": False}[said.strip()]

    def checkpoint(self):
        self._run("checkpoint")

    def pending(self):
        return json.loads(self._run("stats", "--json"))["cdc_operations"]

    def close(self):
        pass

    def reopen(self):
        pass

    def kill_and_reopen(self):
        pass


def python_command(venv):
    return [str(venv / "bin" / "python"), str(HERE / "peers" / "python_replica.py")]


def node_command(node_folder):
    return ["node", str(HERE / "peers" / "node_replica.mjs"), str(node_folder)]

"""servers.py -- the two remotes: the published server and ours, each on a free port of the loopback interface."""
import contextlib
import queue
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

READY_SECONDS_MAX = 30


class ServerFailed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process with one database. `url` is what replicas are given."""

    def __init__(self, folder):
        self.database = folder / "remote.db"
        self.log_path = folder / "server.log"
        self.process = None
        self.url = None

    def last_words(self):
        return self.log_path.read_text(errors="replace")[-2000:] if self.log_path.exists() else ""

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(READY_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class PublishedServer(Server):
    """It takes a port number only, so a free one is looked up first; when somebody else takes it meanwhile, again."""

    ATTEMPTS = 5

    def __init__(self, program, folder):
        super().__init__(folder)
        self.program = program
        for _ in range(self.ATTEMPTS):
            port = free_port()
            with open(self.log_path, "ab") as log:
                self.process = subprocess.Popen([str(program), "--sync-server", f"127.0.0.1:{port}", str(self.database)],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            self.url = f"http://127.0.0.1:{port}"
            if self._answers():
                return
            self.stop()
        raise ServerFailed(f"the published server did not start: {self.last_words()}")

    def _answers(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(urllib.request.Request(self.url, method="OPTIONS"), timeout=1):
                    return True
            except (urllib.error.URLError, OSError):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.01)  # between two attempts; ends at once when the server does
        return False


class OurServer(Server):
    """It takes a free port by itself and prints its address on the first line."""

    def __init__(self, program, folder, *flags):
        super().__init__(folder)
        self.program, self.flags = program, flags
        self._start("127.0.0.1:0")

    def start_again(self):
        """On the address that it had."""
        self.stop()
        self._start(self.url.removeprefix("http://"))

    def _start(self, listen):
        served = [] if "--data" in self.flags else [str(self.database)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(self.program), "serve", "--listen", listen, *self.flags, *served],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, lines), daemon=True).start()
        try:
            line = lines.get(timeout=READY_SECONDS_MAX)
        except queue.Empty:
            line = None
        if line is None:
            self.stop()
            raise ServerFailed(f"turso-sync serve printed no address: {self.last_words()}")
        word = next(word for word in reversed(line.decode().split()) if ":" in word)
        self.url = word if word.startswith("http") else f"http://{word}"

    @staticmethod
    def _read(process, lines):
        for line in process.stdout:  # read on, so that the server never waits for a full pipe
            lines.put(line)
        lines.put(None)

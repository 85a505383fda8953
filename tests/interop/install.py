"""install.py -- the published clients and server, in the versions and with the sums of peers/, in the build folder.

A registry that cannot be reached is no fault of ours: Unreachable, and what needs that peer is skipped and counted.
Everything else that goes wrong, a wrong sum above all, is an error.
"""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "peers"
INSTALL_SECONDS_MAX = 300
NO_NETWORK = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|"
                        r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|Temporary failure in name resolution|"
                        r"from versions: none")  # pip says only this when an index is out of reach, or has no build for a machine


class Unreachable(Exception):
    pass


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=INSTALL_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{command[0]} did not end within {INSTALL_SECONDS_MAX} s") from None
    if done.returncode != 0:
        no_network = NO_NETWORK.search(done.stdout)
        if no_network:
            raise Unreachable(f"{pathlib.Path(command[0]).name} reached no registry ({no_network.group()})")
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}")


def once(folder, sources, install):
    """Runs install() unless `folder` was filled from the same `sources` before."""
    stamp = folder / "installed-from"
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install()
    stamp.write_text(wanted)


def install_npm(cache):
    """The folder that holds node_modules with @tursodatabase/sync and, on x64 Linux, the server."""
    folder = cache / "npm"
    sources = [HERE / "npm" / "package.json", HERE / "npm" / "package-lock.json"]

    def install():
        for source in sources:
            shutil.copy(source, folder)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    once(folder, sources, install)
    return folder


def server_program(npm_folder):
    program = npm_folder / "node_modules" / "@tursodatabase" / "cli-linux-x64-gnu" / "tursodb"
    if not program.exists():
        raise Unreachable("the published server has no build for this machine")
    return program


def install_python(cache):
    """A virtual environment with pyturso."""
    folder = cache / "python"
    requirements = HERE / "requirements.txt"

    def install():
        run([sys.executable, "-m", "venv", str(folder)], cache)
        run([str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps",
             "--only-binary=:all:", "--require-hashes", "-r", str(requirements)], cache)

    once(folder, [requirements], install)
    return folder

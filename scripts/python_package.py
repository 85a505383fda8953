#!/usr/bin/env python3
"""Installs the Python package of this checkout, and what its tests need, into a virtual environment under build/.

usage: python_package.py [--build-dir build/dev] [--from-source]     ends with the path of the environment's python

Without --from-source the package is linked with the static library that the build folder already has, so that only
the extension module itself is compiled. With it everything is compiled, as `pip install ./bindings/python` does.
Running it again costs seconds.
"""
from __future__ import annotations

import argparse
import hashlib
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "tests" / "python" / "requirements.txt"


def run(command: list[str | pathlib.Path]) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-20000:])
        sys.exit(f"failed: {' '.join(map(str, command))}")


def make_environment(folder: pathlib.Path) -> pathlib.Path:
    """A virtual environment with exactly the pinned packages; made anew when their list or this Python changes."""
    python = folder / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    names = [line.split()[0] for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    print(f"installing into {folder.relative_to(ROOT)}: {' '.join(names)}", flush=True)
    venv.create(folder, clear=True, with_pip=True)
    run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS])
    stamp.write_text(wanted)
    return python


def install_package(python: pathlib.Path, build_dir: pathlib.Path, from_source: bool) -> None:
    settings = [f"build-dir={ROOT / 'build' / ('python-source' if from_source else 'python')}"]
    if not from_source:
        settings += [f"cmake.define.TURSO_SYNC_BUILD_DIR={build_dir.resolve()}", "cmake.build-type=Debug"]
    command = [python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--force-reinstall"]
    for setting in settings:
        command += ["--config-settings", setting]
    run([*command, ROOT / "bindings" / "python"])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build" / "dev")
    parser.add_argument("--from-source", action="store_true")
    options = parser.parse_args()
    python = make_environment(ROOT / "build" / ("python-source-venv" if options.from_source else "python-venv"))
    install_package(python, options.build_dir, options.from_source)
    print(f"package turso_sync installed for {python.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

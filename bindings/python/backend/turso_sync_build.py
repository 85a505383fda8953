"""The build backend: scikit-build-core, and an sdist that holds what lies outside this folder.

In a checkout the library is compiled from ../.. . An sdist has no such place, so its sources travel along in `library/`:
the tracked files of the parts that the package compiles, and SQLite's amalgamation where the checkout has fetched it (else
whoever builds the sdist fetches it with npm, by the lock file).
"""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile

from scikit_build_core import build as _build
from scikit_build_core.build import *  # noqa: F401,F403  every hook but build_sdist is theirs

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
LIBRARY = ["CMakeLists.txt", "VERSION", "LICENSE", "cmake", "core", "sdk-kit", "third_party", "scripts/sqlite_rename.py"]
AMALGAMATION = ROOT / "build" / "sqlite-source" / "node_modules" / "better-sqlite3" / "deps" / "sqlite3"


def _copy_tracked(base: pathlib.Path, names: list[str], into: pathlib.Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z", "--", *names], cwd=base, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(base / name, into / name)


def build_sdist(sdist_directory: str, config_settings: dict[str, str | list[str]] | None = None) -> str:
    if (HERE / "library").exists():  # this is an unpacked sdist
        return _build.build_sdist(sdist_directory, config_settings)
    target = os.path.abspath(sdist_directory)
    with tempfile.TemporaryDirectory() as folder:
        stage = pathlib.Path(folder)
        _copy_tracked(HERE, ["."], stage)
        _copy_tracked(ROOT, LIBRARY, stage / "library")
        if AMALGAMATION.exists():
            (stage / "library" / "sqlite").mkdir()
            for name in ("sqlite3.c", "sqlite3.h"):
                shutil.copy2(AMALGAMATION / name, stage / "library" / "sqlite" / name)
        project = stage / "pyproject.toml"
        project.write_text(project.read_text().replace("../../VERSION", "library/VERSION"))
        before = os.getcwd()
        os.chdir(stage)
        try:
            return _build.build_sdist(target, config_settings)
        finally:
            os.chdir(before)

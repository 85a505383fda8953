"""What is installed, and what a source distribution holds."""
from __future__ import annotations

import ast
import importlib.util
import pathlib
import tarfile

import turso_sync
from turso_sync import _native

PROJECT = pathlib.Path(__file__).resolve().parent.parent
INSTALLED = pathlib.Path(turso_sync.__file__).parent


def test_the_version_is_that_of_the_repository():
    version = (PROJECT.parent.parent / "VERSION").read_text().strip()
    assert turso_sync.__version__ == _native.version == version


def test_types_are_shipped_and_name_all_that_is_compiled():
    assert (INSTALLED / "py.typed").exists()
    stub = ast.parse((INSTALLED / "_native.pyi").read_text())
    classes = {node.name: {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
               | {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
               for node in stub.body if isinstance(node, ast.ClassDef)}
    for name in ("Statement", "Connection", "Replica"):
        compiled = {attribute for attribute in vars(getattr(_native, name)) if not attribute.startswith("_")}
        assert compiled == classes[name] - {"__init__"}


def test_a_source_distribution_carries_the_library_along(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("turso_sync_build", PROJECT / "backend" / "turso_sync_build.py")
    backend = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backend)
    monkeypatch.chdir(PROJECT)
    with tarfile.open(tmp_path / backend.build_sdist(str(tmp_path))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        pyproject = archive.extractfile(f"turso_sync-{turso_sync.__version__}/pyproject.toml").read().decode()
    assert {"CMakeLists.txt", "native/module.cpp", "src/turso_sync/_native.pyi", "library/CMakeLists.txt", "library/VERSION",
            "library/sdk-kit/turso.h", "library/core/base/result.hpp", "library/sqlite/sqlite3.c"} <= names
    assert "../" not in pyproject

"""The example of the README runs and says what the README says."""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys


def test_the_example_of_the_readme_runs(server):
    example = pathlib.Path(os.environ["TURSO_SYNC_EXAMPLES"]) / "basic.py"
    done = subprocess.run([sys.executable, example, server.url], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[('written offline, edited on the phone',)]"

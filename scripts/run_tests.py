#!/usr/bin/env python3
"""Builds and runs every test of every part, and adds up the counts.

A part is a name, a function that runs it and gives (passed, failed, skipped, output). GoogleTest programs of a
build folder are parts by themselves; every other part is a command whose last line is `N passed, N failed, N skipped`.
A part that dies, prints no count or counts nothing is one failure: no test may vanish without notice.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
PART_SECONDS_MAX = {False: 900, True: 7200}  # short and long form; a part that hangs is a failure, not a hung CI

# Layers whose tests run a second time under ASan+UBSan; and the threaded ones under TSan.
SANITIZED = ("unit_", "integration_", "abi_", "simulation", "property_", "crash_")
THREADED = ("unit_server", "threads_")


def build(preset: str, targets: list[str] | None = None) -> None:
    started = time.monotonic()
    command = ["cmake", "--preset", preset]
    run_quietly(command)
    command = ["cmake", "--build", "--preset", preset, "-j", str(os.cpu_count() or 2)]
    if targets:
        command += ["--target", *targets]
    run_quietly(command)
    print(f"built {preset} in {time.monotonic() - started:.0f} s", flush=True)


def run_quietly(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-20000:])
        print(f"failed: {' '.join(command)}")
        print("0 passed, 1 failed, 0 skipped")
        sys.exit(1)


def environment(long: bool) -> dict[str, str]:
    env = dict(os.environ)
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1")
    if long:
        env["TURSO_SYNC_LONG"] = "1"
    return env


def run_gtest(program: pathlib.Path, long: bool) -> tuple[int, int, int, str]:
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        code, output = run_command([str(program), f"--gtest_output=json:{report}", "--gtest_brief=1"], long)
        if not report.exists():
            return 0, 1, 0, output + f"\n{program.name} ended with {code} and left no report"
        cases = [case for suite in json.loads(report.read_text())["testsuites"] for case in suite["testsuite"]]
    failed = sum(1 for case in cases if case.get("failures"))
    skipped = sum(1 for case in cases if case.get("result") == "SKIPPED")
    passed = sum(1 for case in cases if case.get("result") == "COMPLETED" and not case.get("failures"))
    if code != 0 and failed == 0:  # a sanitizer report after the last test, for one
        failed = 1
        output += f"\n{program.name} ended with {code}"
    if passed + failed == 0:
        failed, output = 1, output + f"\n{program.name} ran no test"
    return passed, failed, skipped, output


def run_counted(command: list[str], long: bool) -> tuple[int, int, int, str]:
    code, output = run_command(command, long)
    found = COUNTS.findall(output)
    if not found:
        return 0, 1, 0, output + f"\nended with {code} and printed no counts"
    passed, failed, skipped = (int(n) for n in found[-1])
    if code != 0 and failed == 0:
        failed = 1
    if passed + failed + skipped == 0:
        failed, output = 1, output + "\nran no test"
    return passed, failed, skipped, output


def run_command(command: list[str], long: bool) -> tuple[int, str]:
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment(long), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=PART_SECONDS_MAX[long])
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        return -1, (output.decode(errors="replace") if isinstance(output, bytes) else output) + "\ntimed out"


def gtest_parts(preset: str, prefixes: tuple[str, ...]) -> list[tuple[str, list]]:
    folder = ROOT / "build" / preset / "tests" / "bin"
    programs = sorted(p for p in folder.glob("*") if os.access(p, os.X_OK) and p.is_file())
    label = "" if preset == "dev" else f" ({preset})"
    return [(p.name + label, ["gtest", p]) for p in programs if not prefixes or p.name.startswith(prefixes)]


def script_parts() -> list[tuple[str, list]]:
    """Every tests/<part>/run is a part of its own."""
    parts = []
    for script in sorted((ROOT / "tests").glob("*/run")):
        parts.append((script.parent.name, ["counted", [str(script), "--build-dir", str(ROOT / "build" / "dev")]]))
    return parts


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true", help="run the full forms of the campaigns")
    parser.add_argument("--only", action="append", default=[], help="run only parts whose name begins with this")
    parser.add_argument("--no-sanitizers", action="store_true", help="skip the sanitizer builds (not for CI)")
    options = parser.parse_args()

    build("dev")
    if not options.no_sanitizers:
        build("asan")
    parts = gtest_parts("dev", ())
    if not options.no_sanitizers:
        parts += gtest_parts("asan", SANITIZED)
    scripts = script_parts()
    if options.only:
        keep = tuple(options.only)
        parts = [p for p in parts if p[0].startswith(keep)]
        scripts = [p for p in scripts if p[0].startswith(keep)]

    totals = [0, 0, 0]

    def run_part(part: tuple[str, list]) -> tuple[str, float, tuple[int, int, int, str]]:
        name, (kind, what) = part
        started = time.monotonic()
        outcome = run_gtest(what, options.long) if kind == "gtest" else run_counted(what, options.long)
        return name, time.monotonic() - started, outcome

    def report(name: str, seconds: float, outcome: tuple[int, int, int, str]) -> None:
        passed, failed, skipped, output = outcome
        for i, n in enumerate((passed, failed, skipped)):
            totals[i] += n
        print(f"{'FAILED' if failed else 'ok':6} {name:40} {passed} passed, {failed} failed, {skipped} skipped  {seconds:.1f} s", flush=True)
        if failed:
            print(output[-12000:], flush=True)

    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_part, part) for part in parts]):
            report(*done.result())
    for part in scripts:  # these build and install things themselves; one at a time
        report(*run_part(part))

    passed, failed, skipped = totals
    if passed == 0 and failed == 0:
        failed = 1
        print("no test ran")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""cargo-mutants: it says which mutants there are, and tries alone those that cannot be built together with others."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from project import FILTERS, KEPT, TOOLS, TREE, copy_tree, environment, say, table

PROGRAM = os.path.join(TOOLS, "bin", "cargo-mutants")
VERSION = "27.1.0"
PYTHON = os.path.join(TOOLS, "python")
MOST_EXCLUDED = 0.05
# Unit tests and the crate's own files of tests; the examples of documents are slow to build.
OWN_TESTS = ["--cargo-arg=--tests"]


def install(deadline=None):
    """cargo-mutants, and the parser of Rust. Gives whether they are there."""
    def run(*command):
        left = None if deadline is None else max(1, deadline - time.monotonic())
        try:
            return subprocess.run(command, cwd="/", timeout=left).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    if not os.path.exists(PROGRAM) or VERSION not in subprocess.run(
        [PROGRAM, "mutants", "--version"], capture_output=True, text=True
    ).stdout:
        say(f"== cargo-mutants {VERSION} is installed into target/tools")
        # Not optimized: it makes lists, and waits for builds and tests. It is itself built in a third of the time.
        if not run("cargo", "install", "--quiet", "--locked", "--debug", "--root", TOOLS, f"cargo-mutants@{VERSION}"):
            return False
    wanted = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements.txt")
    installed = os.path.join(PYTHON, "installed.txt")
    if not os.path.exists(installed) or open(installed).read() != open(wanted).read():
        shutil.rmtree(PYTHON, ignore_errors=True)
        if not run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore",
                   "--target", PYTHON, "--requirement", wanted):
            return False
        shutil.copy(wanted, installed)
    sys.path.insert(0, PYTHON)
    return True


def prepare():
    if not install():
        sys.exit("SKIPPED: cargo-mutants or its parser cannot be installed here (no network?)")
    os.makedirs(TREE, exist_ok=True)
    copy_tree()


def excluded():
    """Arguments that leave out what the list names."""
    return [f"--exclude-re={entry['functions']}" for entry in table("excluded.toml")["excluded"]]


def listed(crate, diff=None, without=()):
    command = [PROGRAM, "mutants", "--dir", TREE, "--list", "--json", f"--package={crate}", *without]
    command += [f"--exclude={tests['file']}" for tests in table("excluded.toml")["tests"]]
    command += [f"--in-diff={diff}"] if diff else []
    done = subprocess.run(command, cwd=TREE, env=environment(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cargo mutants --list failed:\n{done.stderr}")
    return json.loads(done.stdout or "[]")


def to_try(crate):
    """The mutants of a crate but the excluded ones, which must be few."""
    every, left = listed(crate), listed(crate, without=excluded())
    count = len(every) - len(left)
    say(f"== {crate}: {len(every)} mutants, {count} excluded ({count / max(1, len(every)):.1%})")
    if count > max(2, MOST_EXCLUDED * len(every)):
        sys.exit(f"more than {MOST_EXCLUDED:.0%} are excluded: mutants/excluded.toml")
    return left


def end_to_end(mutant):
    """Which end-to-end tests the table names for a mutant's file."""
    prefixes = sorted(FILTERS["file"], key=len, reverse=True)
    of_file = (FILTERS["file"][prefix] for prefix in prefixes if mutant["file"].startswith(prefix))
    return next(of_file, FILTERS["crate"].get(mutant["package"], {}).get("end_to_end", []))


# How cargo-mutants calls its lists.
OUTCOMES = {"caught.txt": "caught", "timeout.txt": "caught", "missed.txt": "missed", "unviable.txt": "unviable"}


def try_alone(mutants, deadline=None):
    """Each with a build of its own: first the tests of its crate, then those end to end that the table names for it.
    Gives their outcomes by name; a mutant without one was not tried."""
    outcomes = {}
    for crate in sorted({mutant["package"] for mutant in mutants}):
        own = [mutant for mutant in mutants if mutant["package"] == crate]
        outcomes |= tried(crate, own, OWN_TESTS, deadline)
        lived = [mutant for mutant in own if outcomes.get(mutant["name"]) == "missed"]
        for names in {tuple(end_to_end(mutant)) for mutant in lived}:
            met = [mutant for mutant in lived if tuple(end_to_end(mutant)) == names]
            tests = ["--test-package=tests", "--cargo-arg=--test=end_to_end", "--", "--", *names]
            outcomes |= tried(crate, met, tests, deadline)
    return outcomes


def tried(crate, mutants, tests, deadline):
    output = os.path.join(KEPT, "alone")
    shutil.rmtree(output, ignore_errors=True)
    os.makedirs(output)
    command = [PROGRAM, "mutants", "--dir", TREE, "--in-place", "--output", output, f"--package={crate}"]
    command += ["--no-shuffle", "--colors=never", "--timeout=180", "--build-timeout=600", "--baseline=skip"]
    command += [f"--re=^{re.escape(mutant['name'])}$" for mutant in mutants] + tests
    process = subprocess.Popen(command, cwd=TREE, env=environment(), start_new_session=True)
    try:
        # 2: a mutant survived; 3: one never ended.
        code = process.wait(timeout=None if deadline is None else max(1, deadline - time.monotonic()))
        if code not in (0, 2, 3):
            sys.exit(f"cargo mutants failed ({code})")
    except subprocess.TimeoutExpired:
        stop(process)
    # It also tries some mutants of removed fields that no --re asks for.
    asked = {mutant["name"] for mutant in mutants}
    found = {line: outcome for name, outcome in OUTCOMES.items() for line in lines(output, name)}
    return {line: outcome for line, outcome in found.items() if line in asked}


def lines(output, name):
    path = os.path.join(output, "mutants.out", name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def stop(process):
    """Ends the tool, and with it the compiler or the test that it has begun."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

"""Which tests reach a mutant, and whether one of them notices it."""
import collections
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from project import KEPT, TREE, environment, say

WORKERS = os.cpu_count()
# What the tests of one mutant may take at each of the three stages, by the time that each takes alone.
MOST_SECONDS = 40


class Program:
    """A program of tests."""

    def __init__(self, crate, name, path, folder):
        self.crate, self.name, self.path, self.folder = crate, name, path, folder

    def tests(self):
        """The names of its tests. One that is no collection of tests is one test, without a name."""
        listing = subprocess.run([self.path, "--list"], cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True).stdout
        if not re.search(r"^\d+ tests?, \d+ benchmarks?$", listing, re.M):
            return [""]
        return [line.removesuffix(": test") for line in listing.splitlines() if line.endswith(": test")]

    def passes(self, names, seconds, **variables):
        """Whether tests pass in that time. It ends with the first that does not."""
        own = {**environment(), "CARGO_MANIFEST_DIR": self.folder, **variables}
        chosen = [] if names == [""] else ["--test-threads=2", "--exact", *names]
        process = subprocess.Popen([self.path, *chosen], cwd=self.folder, env=own, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True)
        timer = threading.Timer(seconds, kill, [process])
        timer.start()
        has_failed = any(line.startswith("test ") and line.rstrip().endswith("FAILED") for line in process.stdout)
        if has_failed:
            kill(process)
        code = process.wait()
        timer.cancel()
        return code == 0 and not has_failed


def kill(process):
    """With the programs that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def build(*chosen):
    """The programs of these tests, with all mutants in them."""
    command = ["cargo", "test", "--no-run", "--message-format=json-render-diagnostics", *chosen]
    done = subprocess.run(command, cwd=TREE, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the tests do not compile with the mutants:\n{done.stderr[-4000:]}")
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    built = [message for message in messages if message.get("executable") and message["profile"]["test"]]
    folders = [os.path.dirname(message["manifest_path"]) for message in built]
    return [Program(os.path.basename(folder), message["target"]["name"], message["executable"], folder)
            for message, folder in zip(built, folders) if message["target"]["kind"] != ["bin"]]


def reached(programs, wanted, deadline=None):
    """Runs each test alone, without a mutant. Gives for each mutant the tests that reach it, the quickest first."""
    jobs = [(program, name) for program in programs for name in program.tests() if wanted(program, name)]
    begun = time.monotonic()

    def run(index):
        program, name = jobs[index]
        to = os.path.join(KEPT, f"reached.{index}")
        if os.path.exists(to):
            os.remove(to)
        begun = time.monotonic()
        if deadline is not None and begun > deadline:
            return 0, []
        passed = program.passes([name], 180, MUTANTS_REACHED=to)
        took = time.monotonic() - begun
        numbers = set()
        if os.path.exists(to):
            with open(to, encoding="utf-8") as file:
                numbers = {int(line) for line in file}
            os.remove(to)
        if not passed:
            say(f"   left out, as it fails without a mutant: {program.name} {name}")
        return took, numbers if passed else []

    found = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for index, (took, numbers) in enumerate(pool.map(run, range(len(jobs)))):
            for number in numbers:
                found[number].append((took, index))
    say(f"== {len(jobs)} tests, each alone: {time.monotonic() - begun:.0f} s")
    return {number: [(took, *jobs[index]) for took, index in sorted(tests)] for number, tests in found.items()}


def is_noticed(number, tests):
    """Whether one of the tests fails, or does not end, while the mutant is on. The slow ones of very many are not run."""
    for some in portions(within(tests)):
        of_program = collections.defaultdict(list)
        for took, program, name in some:
            of_program[program].append((took, name))
        for program, own in of_program.items():
            seconds = 30 + 5 * sum(took for took, _ in own)
            if not program.passes([name for _, name in own], seconds, MUTANT=str(number)):
                return True
    return False


def within(tests):
    """As many of the quickest as fit into the time that a mutant has, one at least."""
    total = 0
    for count, (took, _, _) in enumerate(tests):
        total += took
        if count and total > MOST_SECONDS:
            return tests[:count]
    return tests


def portions(tests):
    """Few first, then more: most tests that reach a mutant notice it."""
    at, size = 0, 4
    while at < len(tests):
        yield tests[at:at + size]
        at, size = at + size, size * 4


def unnoticed(numbers, tests, deadline=None):
    """Of the mutants, those that no test notices; and those for which there was no time."""
    lived, late, begun = [], [], time.monotonic()

    def run(number):
        if deadline is not None and time.monotonic() > deadline:
            late.append(number)
        elif not is_noticed(number, tests.get(number, [])):
            lived.append(number)

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, numbers))
    say(f"== {len(numbers) - len(lived) - len(late)} of {len(numbers)} noticed: {time.monotonic() - begun:.0f} s")
    return sorted(lived), sorted(late)

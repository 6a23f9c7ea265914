"""The clauses of the expressions that the writes send to DynamoDB: without any one of them, a test must fail."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

from project import FILTERS, KEPT, ROOT, environment, say


def built_tests():
    """The programs of the tests that `clauses` runs, built where the workspace's own are."""
    command = ["cargo", "test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]
    command += [f"--test={name}" for name in FILTERS["clauses"]["tests"]]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    programs = {message["target"]["name"]: (message["executable"], os.path.dirname(message["manifest_path"]))
                for message in messages if message.get("executable")}
    return [programs[name] for name in FILTERS["clauses"]["tests"]]


def run_tests(programs, test=None, **variables):
    """Whether the tests pass: all of them, or the one of this name."""
    own = {**environment(), **variables}
    chosen = ["--exact", test] if test else []
    return all(
        subprocess.run([program, "--quiet", *chosen], cwd=folder, env=own, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL).returncode == 0
        for program, folder in programs
    )


LITERAL = re.compile(r'"((?:[^"\\]|\\.|\\\n)*)"')
CLAUSE = re.compile(r"attribute_(?:not_)?exists\(|contains\(|list_append\(| (?:=|<>|<|<=) :\w|^(?:SET|ADD|REMOVE) |\{name\} = ")


def written_expressions():
    """Each piece of an expression that stands in the sources, with its place."""
    for crate in FILTERS["clauses"]["crates"]:
        for place, _, names in os.walk(os.path.join(ROOT, crate, "src")):
            for name in sorted(names):
                path = os.path.join(place, name)
                with open(path, encoding="utf-8") as file:
                    text = file.read().split("#[cfg(test)]")[0]
                code = re.sub(r"^\s*//.*$", lambda match: " " * len(match[0]), text, flags=re.M)
                for literal in LITERAL.finditer(code):
                    piece = re.sub(r"\\\n\s*", "", literal[1])
                    if CLAUSE.search(piece):
                        line = code.count("\n", 0, literal.start()) + 1
                        yield f"{os.path.relpath(path, ROOT)}:{line}", piece


def pattern_of(piece):
    fixed = re.split(r"\{[^}]*\}", piece.strip().strip(","))
    return re.compile(".*".join(re.escape(part) for part in fixed))


def one_of_each(clauses):
    """Of expressions that the same tests send and that share a clause, one: the clause is the same line of the code."""
    chosen = {}
    for line, tests in sorted(clauses.items()):
        verb, place, kind, clause, *_ = line.split("\t")
        chosen.setdefault((verb, place, kind, clause, *sorted(tests)), line)
    return {line: clauses[line] for line in chosen.values()}


def run(text, every):
    begun = time.monotonic()
    programs = built_tests()
    os.makedirs(KEPT, exist_ok=True)
    path = os.path.join(KEPT, "clauses.tsv")
    if os.path.exists(path):
        os.remove(path)
    if not run_tests(programs, CLAUSES_TO=path):
        sys.exit("the tests of the writes must pass before they can fail")
    with open(path, encoding="utf-8") as file:
        clauses = {}
        for test, clause in (line.split("\t", 1) for line in file.read().splitlines()):
            clauses.setdefault(clause, set()).add(test)
    sent = {clause.split("\t")[5] for clause in clauses}
    unsent = [f"{place}: {piece}" for place, piece in written_expressions()
              if not any(pattern_of(piece).search(expression) for expression in sent)]
    for piece in unsent:
        say(f"   NEVER SENT by a test: {piece}")
    say(f"== clauses: {len(clauses)} of {len(sent)} expressions")
    if not every:
        clauses = one_of_each(clauses)
    clauses = {line: tests for line, tests in clauses.items() if text in line}
    say(f"== clauses: {len(clauses)} to take out")
    survived = []
    sends = {}
    for test in (test for tests in clauses.values() for test in tests):
        sends[test] = sends.get(test, 0) + 1

    def survives(line):
        # Only a test that sends the clause can notice that it is gone; the one that sends least is quickest.
        ordered = sorted(clauses[line], key=lambda test: (sends[test], test))
        return all(run_tests(programs, test, CLAUSE_GONE=line) for test in ordered)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for line, lives in zip(sorted(clauses), pool.map(survives, sorted(clauses))):
            if lives:
                verb, place, kind, clause, _, expression = line.split("\t")
                survived.append(line)
                say(f"   SURVIVED {verb} {place} {kind} without {clause}: {expression}")
    caught, share = len(clauses) - len(survived), 1 - len(survived) / max(1, len(clauses))
    say(f"== clauses: {caught} of {len(clauses)} caught ({share:.1%}), {time.monotonic() - begun:.0f} s")
    return 1 if survived or unsent else 0

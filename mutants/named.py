"""Faults that a person has thought of: each is made in the copy, and the test that it names must fail."""
import json
import os
import re
import subprocess
import sys
import time

from project import ROOT, TREE, copy_tree, environment, say, table


def cargo_test(fault, *more):
    """The test of a named fault, in the copy. Gives the exit code and what was printed."""
    if "unit" in fault:
        package, name = fault["unit"]
        where = [f"--package={package}", "--lib"]
    else:
        where, name = ["--package=tests", "--test=end_to_end"], fault["end_to_end"]
    command = ["cargo", "test", *where, *more] + ([] if more else ["--", name])
    done = subprocess.run(command, cwd=TREE, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def broken(fault, text):
    for wanted, other in [(fault["from"], fault["to"])] + ([tuple(fault["also"])] if "also" in fault else []):
        if text.count(wanted) != 1:
            sys.exit(f"{fault['file']} has {text.count(wanted)} times, and not once: {wanted}")
        text = text.replace(wanted, other)
    return text


def check():
    faults = table("named.toml")["fault"]
    for fault in faults:
        with open(os.path.join(ROOT, fault["file"]), encoding="utf-8") as file:
            broken(fault, file.read())
    say(f"== named: {len(faults)} apply")
    return 0


def run(text):
    begun = time.monotonic()
    os.makedirs(TREE, exist_ok=True)
    copy_tree()
    faults = [fault for fault in table("named.toml")["fault"] if text in fault["what"]]
    # From one crate to the next: what was built for a fault serves the next one of its crate.
    faults.sort(key=lambda fault: ("end_to_end" in fault, fault["file"]))
    tests = {json.dumps([fault.get("unit"), fault.get("end_to_end")]): fault for fault in faults}
    for fault in tests.values():
        code, said = cargo_test(fault)
        if code or not re.search(r"test result: ok\. [1-9]", said):
            sys.exit(f"{fault['what']}: its test must pass without the fault, and there must be one\n{said}")
    wrong = []
    for fault in faults:
        path = os.path.join(TREE, fault["file"])
        with open(path, encoding="utf-8") as file:
            whole = file.read()
        changed = broken(fault, whole)
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(changed)
            code, said = cargo_test(fault, "--no-run")
            if code:
                sys.exit(f"{fault['what']}: does not compile\n{said}")
            code, said = cargo_test(fault)
        finally:
            with open(path, "w", encoding="utf-8") as file:
                file.write(whole)
        failed = re.findall(r"^test (\S+) \.\.\. FAILED$", said, re.M)
        if code and failed:
            say(f"caught: {fault['what']}: {', '.join(failed)}")
        else:
            wrong.append(fault)
            say(f"   SURVIVED {fault['what']} ({fault['file']})")
    say(f"== named: {len(faults) - len(wrong)} of {len(faults)} caught, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0

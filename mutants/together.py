"""All mutants of some crates in one build: the copy's sources get them as branches, and what does not compile is taken out
again."""
import collections
import json
import os
import subprocess
import sys

import branches
from project import TREE, environment, say

# What an error in a mutant's own text says when the mutant would not compile alone either: its value is of another type
# (E0277 to E0283, E0308, E0599, E0061, E0271), its operator is not there (E0368, E0369, E0600, E0614), a name is not
# (E0423, E0433, E0603). https://doc.rust-lang.org/error_codes/
OF_THE_MUTANT = {"E0061", "E0271", "E0277", "E0282", "E0283", "E0308", "E0368", "E0369", "E0423", "E0433", "E0599",
                 "E0600", "E0603", "E0614"}
# A match without an arm that it needs.
NOT_EXHAUSTIVE = "E0004"


class Together:
    """The mutants by their numbers: those that do not compile, and those that must be tried alone."""

    def __init__(self, mutants):
        self.mutants = dict(enumerate(mutants))
        self.unviable, self.alone = set(), set()
        by_file = collections.defaultdict(dict)
        for number, mutant in self.mutants.items():
            by_file[mutant["file"]][number] = mutant
        for crate in {mutant["package"] for mutant in mutants}:
            by_file.setdefault(os.path.join(crate, "src/lib.rs"), {})
        self.sources = {path: branches.Source(read(path), of_file) for path, of_file in by_file.items()}

    def switched(self):
        return [number for number in self.mutants if number not in self.unviable | self.alone]

    def write(self):
        """Until all that is left compiles."""
        changed = set(self.sources)
        while changed:
            for path in changed:
                text, alone, unviable = self.sources[path].with_branches(self.unviable | self.alone)
                self.alone |= alone
                self.unviable |= unviable
                if path.endswith("/src/lib.rs"):
                    text += branches.SWITCH.replace("{count}", str(len(self.mutants)))
                with open(os.path.join(TREE, path), "w", encoding="utf-8") as file:
                    file.write(text)
            changed = self.take_out()
        say(f"== {len(self.switched())} mutants in one build, {len(self.unviable)} do not compile, "
            f"{len(self.alone)} need a build of their own")

    def take_out(self):
        """The files of mutants that do not compile; those mutants are left out from now on."""
        command = ["cargo", "check", "--workspace", "--lib", "--keep-going", "--message-format=json"]
        done = subprocess.run(command, cwd=TREE, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True)
        messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        errors = [message["message"] for message in messages
                  if message["reason"] == "compiler-message" and message["message"]["level"] == "error"]
        changed = {self.judge(error) for error in errors if error["spans"]}
        if done.returncode and not changed:
            sys.exit("cargo check fails without an error in a mutant: does the project compile?")
        return changed

    def judge(self, error):
        span = next((span for span in error["spans"] if span["is_primary"]), error["spans"][0])
        while span["expansion"] and span["file_name"] not in self.sources:
            span = span["expansion"]["span"]
        path = span["file_name"]
        found, is_inside = branches.blamed(read(path), span["byte_start"], span["byte_end"]) \
            if path in self.sources else (set(), False)
        if not found:
            sys.exit(f"an error that is in no mutant:\n{error['rendered']}")
        code = (error["code"] or {}).get("code")
        if code == NOT_EXHAUSTIVE:
            found = {number for number in found if self.mutants[number]["genre"] == "MatchArm"} or found
            is_inside = True
        # One of several values of an opaque type is an error only here, where all are in one function.
        functions = [self.mutants[number]["function"] or {} for number in found]
        is_opaque = any("impl " in function.get("return_type", "") for function in functions)
        is_unviable = is_inside and code in OF_THE_MUTANT | {NOT_EXHAUSTIVE} and not is_opaque
        (self.unviable if is_unviable else self.alone).update(found)
        return path


def read(path):
    with open(os.path.join(TREE, path), "rb") as file:
        return file.read()

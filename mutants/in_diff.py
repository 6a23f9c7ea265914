"""The mutants of the lines that changed, within a time."""
import os
import time

import every
import tool
from project import KEPT, git, say

# On main, where no branch says what is new: so many commits that touched the crates' code.
LAST_COMMITS = 5


def commit(name):
    found = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return found.strip() if found else None


def base(crates):
    """Where the branch left main, and whether it is a branch. On main itself, what was there before the last commits that
    touched the crates' code. None of them may be there: a shallow clone ends somewhere."""
    given = os.environ.get("MUTANTS_BASE")
    if given:
        return commit(given), True
    head = commit("HEAD")
    for main in ("origin/main", "main"):
        left = git("merge-base", "HEAD", main)
        if left and left.strip() != head:
            return left.strip(), True
    touching = git("log", f"--max-count={LAST_COMMITS}", "--format=%H", "--", *(f"{crate}/src" for crate in crates))
    for touched in reversed((touching or "").split()):
        before = commit(f"{touched}~1")
        if before:
            return before, False
    return None, False


def run(crates, seconds):
    """The exit code: 1 when a mutant lives, on a branch only. On main the survivors are what they are."""
    begun = time.monotonic()
    deadline = begun + seconds
    since, is_branch = base(crates)
    if not since:
        say("== in-diff: no commit to compare with (a shallow clone?): nothing is tried. MUTANTS_BASE names one.")
        return 0
    diff = git("diff", "--no-ext-diff", "--no-color", since, "--", *(f"{crate}/src" for crate in crates))
    if not diff:
        say(f"== in-diff: nothing changed since {since[:12]} in {', '.join(crates)}")
        return 0
    if not tool.install(deadline):
        say("== in-diff: SKIPPED: cargo-mutants cannot be installed here (no network, or no time?)")
        return 0
    tool.prepare()
    path = os.path.join(KEPT, "diff")
    with open(path, "w", encoding="utf-8") as file:
        file.write(diff)
    mutants = [mutant for crate in crates for mutant in tool.listed(crate, diff=path, without=tool.excluded())]
    say(f"== in-diff: {len(mutants)} mutants in what changed since {since[:12]}, {time.monotonic() - begun:.0f} s")
    missed = every.run(mutants, deadline)
    say(f"== in-diff: {time.monotonic() - begun:.0f} s")
    return 1 if missed and is_branch else 0

"""Mutants one and all: together in one build, those that need one of their own after them, and the score."""
import collections
import os
import time

import judging
import tool
from project import FILTERS, KEPT, ROOT, copy_tree, say, table


def run(mutants, deadline=None):
    """Gives the names of those that live, and that the list of survivors does not have."""
    from together import Together

    begun = time.monotonic()
    known = {(entry["file"], entry["mutant"]) for entry in table("survivors.toml").get("survivor", [])}
    together = Together(mutants)
    together.write()
    lived, late = of_one_build(together, deadline)
    outcomes = {mutants[number]["name"]: "caught" for number in together.switched()}
    outcomes |= {mutants[number]["name"]: "missed" for number in lived}
    outcomes |= {mutants[number]["name"]: "late" for number in late}
    outcomes |= {mutants[number]["name"]: "unviable" for number in together.unviable}
    alone = [mutants[number] for number in sorted(together.alone)]
    copy_tree()
    outcomes |= {mutant["name"]: "late" for mutant in alone}
    if alone and (deadline is None or time.monotonic() < deadline):
        outcomes |= tool.try_alone(alone, deadline)
    return score(mutants, outcomes, known, begun)


def of_one_build(together, deadline):
    """What no test notices: first those of its own crate, then those end to end that the table names for its file, then all
    others that reach it; within a deadline, no others. Also gives what there was no time for."""
    numbers, packages = together.switched(), {mutant["package"] for mutant in together.mutants.values()}
    if not numbers:
        return [], []
    chosen = [f"--package={package}" for package in sorted(packages)]
    own = judging.build(*chosen, "--lib", "--tests")
    tests = judging.reached(own, lambda program, _: program.crate in packages, deadline)
    tests = {number: [test for test in found if test[1].crate == together.mutants[number]["package"]]
             for number, found in tests.items()}
    lived, late = judging.unnoticed(numbers, tests, deadline)
    if not lived or (deadline is not None and time.monotonic() > deadline):
        return ([], lived + late) if deadline is not None else (lived, late)
    keep(together, lived, "live the tests of their crates")
    end_to_end = judging.build("--package=tests", "--test=end_to_end")
    named = {name for number in lived for name in tool.end_to_end(together.mutants[number])}
    tests = judging.reached(end_to_end, lambda _, test: any(name in test for name in named), deadline)
    lived, later = judging.unnoticed(lived, tests, deadline)
    late += later
    if lived and deadline is None:
        keep(together, lived, "live those that mutants/filters.toml names")
        others = judging.build("--workspace", "--lib", "--tests")
        tests = judging.reached(others, lambda program, test: not (
            program.name == "end_to_end" and any(name in test for name in named)))
        lived, _ = judging.unnoticed(lived, tests)
    return lived, late


def keep(together, lived, what):
    """The long run has not ended yet: whoever wants to see them may look."""
    path = os.path.join(KEPT, "lived.txt")
    say(f"== {len(lived)} {what}: {os.path.relpath(path, ROOT)}")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(together.mutants[number]["name"] + "\n" for number in lived)


def score(mutants, outcomes, known, begun):
    missed = []
    for crate in [crate for crate in FILTERS["crate"] if any(mutant["package"] == crate for mutant in mutants)]:
        own = [mutant for mutant in mutants if mutant["package"] == crate]
        count = collections.Counter(outcomes[mutant["name"]] for mutant in own)
        viable = count["caught"] + count["missed"]
        share = f"{count['caught'] / viable:.1%}" if viable else "none viable"
        say(f"== {crate}: {viable} viable mutants, {count['caught']} caught ({share}), {count['unviable']} do not compile, "
            f"{count['late']} not tried")
        for mutant in own:
            if outcomes[mutant["name"]] == "missed":
                what = mutant["name"].split(":", 3)[3].strip()
                is_known = (mutant["file"], what) in known
                say(f"   {'SURVIVED, as is known:' if is_known else 'SURVIVED'} {mutant['name']}")
                missed += [] if is_known else [mutant["name"]]
    say(f"== {time.monotonic() - begun:.0f} s")
    return missed

"""Where things are: the project, the copy of it that is broken, and what stays between runs."""
import os
import shutil
import subprocess
import tomllib

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
KEPT = os.path.join(ROOT, "target", "mutants")
TREE = os.path.join(KEPT, "tree")
TOOLS = os.path.join(ROOT, "target", "tools")


def say(text):
    print(text, flush=True)


def table(name):
    with open(os.path.join(ROOT, "mutants", name), "rb") as file:
        return tomllib.load(file)


FILTERS = table("filters.toml")
# Cargo names what it compiles by its place in the workspace and by its profile, and takes it for the workspace's own if it is
# newer than the sources. So the crates that are broken have another profile than the workspace's (256 units).
OF_THE_COPY = "".join(f"\n[profile.dev.package.{crate}]\ncodegen-units = 255\n" for crate in FILTERS["crate"])


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def environment():
    own = dict(os.environ)
    own.update(
        # A failure that a mutant causes is no regression of the project's.
        PROPTEST_DISABLE_FAILURE_PERSISTENCE="1",
        # One package with the features that the whole workspace has: else every dependency is built once more. Only cargo
        # reads these, so what the compiler makes is the same.
        CARGO_UNSTABLE_FEATURE_UNIFICATION="true",
        CARGO_RESOLVER_FEATURE_UNIFICATION="workspace",
        __CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS="nightly",
        # What is compiled is kept where the workspace's own is; programs, which are broken ones, are not.
        CARGO_BUILD_BUILD_DIR=os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")),
        CARGO_TARGET_DIR=os.path.join(KEPT, "out"),
        CARGO_TERM_COLOR="never",
        CARGO_DIRECT="1",
        RUST_BACKTRACE="0",
    )
    return own


def copy_tree():
    """The folder as it is, committed or not. What has not changed keeps its time, so that it is not built again."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = {name for name in listed.split("\0") if name and os.path.isfile(os.path.join(ROOT, name))}
    for place, _, names in os.walk(TREE):
        for name in names:
            path = os.path.join(place, name)
            if os.path.relpath(path, TREE) not in files:
                os.remove(path)
    for name in files:
        source, copy = os.path.join(ROOT, name), os.path.join(TREE, name)
        with open(source, "rb") as file:
            content = file.read()
        content += OF_THE_COPY.encode() if name == ".cargo/config.toml" else b""
        if os.path.exists(copy):
            with open(copy, "rb") as file:
                if file.read() == content:
                    continue
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "wb") as file:
            file.write(content)
        shutil.copymode(source, copy)

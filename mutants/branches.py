"""A source with all its mutants as branches: `if crate::__mutant(7) { <the mutant> } else { <as it is> }`.

What cannot be a branch (a constant, a link of a chain of `let`s) is given back.
"""
import collections
import re

import tree_sitter
import tree_sitter_rust

RUST = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))

# In each crate: whether a mutant is on. MUTANTS_REACHED names a file that gets the number of each one that is asked about.
SWITCH = """
pub(crate) fn __mutant(number: usize) -> bool {
    use std::{fs::File, io::Write, sync::{LazyLock, atomic::{AtomicBool, Ordering}}};
    static ON: LazyLock<Option<usize>> = LazyLock::new(|| std::env::var("MUTANT").ok()?.parse().ok());
    static REACHED: LazyLock<Option<File>> = LazyLock::new(|| {
        File::options().append(true).create(true).open(std::env::var_os("MUTANTS_REACHED")?).ok()
    });
    static SEEN: [AtomicBool; {count}] = [const { AtomicBool::new(false) }; {count}];
    if let Some(mut file) = REACHED.as_ref() && !SEEN[number].swap(true, Ordering::Relaxed) {
        let _ = file.write_all(format!("{number}\\n").as_bytes());
    }
    *ON == Some(number)
}
"""
BRANCH = re.compile(rb"crate::__mutant\((\d+)\)")


def line_starts(source):
    """Where each line begins, in bytes."""
    return [0] + [match.end() for match in re.finditer(rb"\n", source)]


def offset(source, starts, at):
    """The byte of a line and a column, which count from 1; columns are characters."""
    start = starts[at["line"] - 1]
    end = starts[at["line"]] if at["line"] < len(starts) else len(source)
    return start + len(source[start:end].decode()[: at["column"] - 1].encode())


def ancestors(node):
    while node is not None:
        yield node
        node = node.parent


def is_constant(node):
    """Whether it is evaluated by the compiler, where no environment can be read."""
    for outer in ancestors(node):
        if outer.type in ("const_item", "static_item"):
            return True
        if outer.type == "function_item":
            modifiers = [child.text for child in outer.children if child.type == "function_modifiers"]
            return any(b"const" in text.split() for text in modifiers)
    return False


def node_at(tree, start, end):
    """The smallest node over these bytes."""
    return tree.root_node.descendant_for_byte_range(start, end)


def is_link(node, mutant):
    """Whether it joins conditions with `let` by `||`, which Rust does not have."""
    return mutant["replacement"] == "||" and node.parent is not None and node.parent.type == "let_chain"


def expression_of(tree, mutant, start, end):
    """The node that a mutant is a branch of, and the branch's text; none: it cannot be one."""
    node = node_at(tree, start, end)
    text = tree.root_node.text
    genre = mutant["genre"]
    if genre in ("BinaryOperator", "UnaryOperator"):
        outer = node.parent
        is_whole = outer.type in ("binary_expression", "compound_assignment_expr", "unary_expression")
        return (outer, replaced(text, outer, start, end, mutant["replacement"])) if is_whole else None
    if genre == "MatchArmGuard":
        return None if node.type in ("let_chain", "let_condition") else (node, mutant["replacement"])
    if genre == "StructField":
        outer = next((outer for outer in ancestors(node) if outer.type == "struct_expression"), None)
        if outer is None:
            return None
        after = re.compile(rb"\s*,?").match(text, end).end()
        return outer, replaced(text, outer, start, after, mutant["replacement"])
    return None


def replaced(text, node, start, end, by):
    return (text[node.start_byte:start] + b" " + by.encode() + b" " + text[end:node.end_byte]).decode()


class Source:
    """A source and its mutants, by their numbers."""

    def __init__(self, text, mutants):
        self.source, self.mutants = text, mutants
        self.tree = RUST.parse(text)

    def with_branches(self, left_out):
        """The source with all its mutants but some; those that cannot be branches; and those that are no Rust."""
        self.begins, self.guards, self.branches = collections.defaultdict(list), {}, collections.defaultdict(list)
        starts = line_starts(self.source)
        alone, unviable = set(), set()
        for number, mutant in self.mutants.items():
            if number not in left_out:
                start, end = (offset(self.source, starts, mutant["span"][side]) for side in ("start", "end"))
                if is_link(node_at(self.tree, start, end), mutant):
                    unviable.add(number)
                elif not self.put(number, mutant, start, end):
                    alone.add(number)
        return self.text(self.tree.root_node), alone, unviable

    def put(self, number, mutant, start, end):
        """Whether the mutant of these bytes can be a branch; if so, it will be one."""
        node = node_at(self.tree, start, end)
        if is_constant(node):
            return False
        if mutant["genre"] == "FnValue":
            body = next((outer for outer in ancestors(node)
                         if outer.type == "block" and outer.parent.type == "function_item"), None)
            if body is not None:
                self.begins[body.start_byte].append((number, mutant["replacement"]))
            return body is not None
        if mutant["genre"] == "MatchArm":
            arm = next((outer for outer in ancestors(node) if outer.type == "match_arm"), None)
            if arm is not None:
                self.guards[arm.child_by_field_name("pattern").start_byte] = number
            return arm is not None
        found = expression_of(self.tree, mutant, start, end)
        if found is not None:
            self.branches[key(found[0])].append((number, found[1]))
        return found is not None

    def text(self, node):
        parts, at = [], node.start_byte
        guard = self.guards.get(node.start_byte) if node.type == "match_pattern" else None
        condition = node.child_by_field_name("condition") if guard is not None else None
        for child in node.children:
            parts.append(self.source[at:child.start_byte].decode())
            inner = self.text(child)
            if condition is not None and key(child) == key(condition):
                inner = f"!crate::__mutant({guard}) && ({inner})"
            parts.append(inner)
            at = child.end_byte
        parts.append(self.source[at:node.end_byte].decode())
        if guard is not None and condition is None:
            parts.append(f" if !crate::__mutant({guard})")
        whole = "".join(parts)
        if node.type == "block" and node.start_byte in self.begins:
            returns = (f" if crate::__mutant({number}) {{ return {value}; }}"
                       for number, value in self.begins[node.start_byte])
            whole = whole[0] + "".join(returns) + whole[1:]
        if key(node) in self.branches:
            before = (f"if crate::__mutant({number}) {{ {text} }} else " for number, text in self.branches[key(node)])
            whole = f"({''.join(before)}{{ {whole} }})"
        return whole


def key(node):
    return node.start_byte, node.end_byte, node.type


def blamed(source, start, end):
    """The mutants that an error of the compiler at these bytes is about, and whether it is in the mutant itself."""
    node = node_at(RUST.parse(source), start, min(end, len(source)))
    for outer in ancestors(node):
        if outer.type == "if_expression":
            number = BRANCH.search(outer.child_by_field_name("condition").text)
            taken = outer.child_by_field_name("consequence")
            if number and taken.start_byte <= start <= taken.end_byte:
                return {int(number[1])}, True
    for outer in ancestors(node):
        found = {int(number) for number in BRANCH.findall(outer.text)}
        if found:
            return found, False
    return set(), False

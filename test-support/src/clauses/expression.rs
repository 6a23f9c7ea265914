//! The clauses of an expression of DynamoDB's, and the expression without each of them.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>

/// An expression that lacks a clause, or has a comparison with another boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changed {
    /// What is changed: the clause that is gone, or both comparisons.
    pub(super) clause: String,
    /// The expression then; none: nothing of it is left.
    pub(super) left: Option<String>,
}

/// A condition, a filter or a key condition without each of its operands, and with each boundary moved.
pub(super) fn conditions(text: &str) -> Vec<Changed> {
    let tree = Parser::of(text).alternatives();
    tree.changed()
        .into_iter()
        .map(|(clause, left)| Changed { clause, left: left.map(|it| it.text()) })
        .collect()
}

/// An update without each of its actions.
pub(super) fn updates(text: &str) -> Vec<Changed> {
    let sections = sections(text);
    let mut changed = Vec::new();
    for (place, (word, actions)) in sections.iter().enumerate() {
        for (gone, action) in actions.iter().enumerate() {
            let mut left = sections.clone();
            left[place].1.remove(gone);
            let left: Vec<_> = left
                .iter()
                .filter(|(_, actions)| !actions.is_empty())
                .map(|(word, actions)| format!("{word} {}", actions.join(", ")))
                .collect();
            changed.push(Changed {
                clause: format!("{word} {action}"),
                left: Some(left.join(" ")).filter(|left| !left.is_empty()),
            });
        }
    }
    changed
}

/// Each section's word with its actions.
fn sections(text: &str) -> Vec<(String, Vec<String>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    let mut depth = 0;
    for token in tokens(text) {
        let word = &text[token.start..token.end];
        match word {
            "SET" | "REMOVE" | "ADD" | "DELETE" => {
                sections.push((word.to_owned(), vec![String::new()]));
                continue;
            }
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let actions = &mut sections.last_mut().unwrap().1;
        if word == "," && depth == 0 {
            actions.push(String::new());
            continue;
        }
        let action = actions.last_mut().unwrap();
        if !action.is_empty() && !matches!(word, "(" | ")" | ",") && !action.ends_with('(') {
            action.push(' ');
        }
        action.push_str(word);
    }
    sections
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(String),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn text(&self) -> String {
        let operand = |node: &Self| match node {
            Self::All(_) | Self::Any(_) => format!("({})", node.text()),
            Self::Leaf(_) | Self::Not(_) => node.text(),
        };
        let joined = |nodes: &[Self], word: &str| nodes.iter().map(operand).collect::<Vec<_>>().join(word);
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Not(node) => format!("NOT {}", operand(node)),
            Self::All(nodes) => joined(nodes, " AND "),
            Self::Any(nodes) => joined(nodes, " OR "),
        }
    }

    /// What is changed, and what is left; none: this node is gone.
    fn changed(&self) -> Vec<(String, Option<Self>)> {
        let mut changed = vec![(self.text(), None)];
        match self {
            Self::Leaf(text) => {
                changed.extend(moved_boundary(text).map(|(what, text)| (what, Some(Self::Leaf(text)))))
            }
            Self::Not(node) => {
                let inner = node.changed().into_iter();
                changed
                    .extend(inner.filter_map(|(what, left)| Some((what, Some(Self::Not(Box::new(left?)))))));
            }
            Self::All(nodes) | Self::Any(nodes) => {
                for (place, node) in nodes.iter().enumerate() {
                    for (what, left) in node.changed() {
                        let mut nodes = nodes.clone();
                        match left {
                            Some(left) => nodes[place] = left,
                            None => drop(nodes.remove(place)),
                        }
                        let left = match (self, nodes.as_slice()) {
                            (_, [only]) => only.clone(),
                            (Self::All(_), _) => Self::All(nodes),
                            _ => Self::Any(nodes),
                        };
                        changed.push((what, Some(left)));
                    }
                }
            }
        }
        changed
    }
}

/// A comparison that holds at its boundary and did not, or the other way round.
fn moved_boundary(text: &str) -> Option<(String, String)> {
    let (from, to) = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > ")]
        .into_iter()
        .find(|(from, _)| text.contains(from))?;
    let moved = text.replace(from, to);
    Some((format!("{text} becomes {moved}"), moved))
}

#[derive(Debug, Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut is_word = false;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        match c {
            c if c.is_whitespace() => is_word = false,
            '(' | ')' | ',' => {
                tokens.push(Token { start, end });
                is_word = false;
            }
            _ if is_word => tokens.last_mut().unwrap().end = end,
            _ => {
                tokens.push(Token { start, end });
                is_word = true;
            }
        }
    }
    tokens
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    next: usize,
}

impl<'t> Parser<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, tokens: tokens(text), next: 0 }
    }

    fn word(&self) -> Option<&'t str> {
        self.tokens.get(self.next).map(|token| &self.text[token.start..token.end])
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.word() == Some(word);
        self.next += usize::from(is_next);
        is_next
    }

    fn alternatives(&mut self) -> Node {
        let mut nodes = vec![self.operands()];
        while self.takes("OR") {
            nodes.push(self.operands());
        }
        if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) }
    }

    fn operands(&mut self) -> Node {
        let mut nodes = vec![self.operand()];
        while self.takes("AND") {
            nodes.push(self.operand());
        }
        if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) }
    }

    fn operand(&mut self) -> Node {
        if self.takes("NOT") {
            return Node::Not(Box::new(self.operand()));
        }
        if self.takes("(") {
            let node = self.alternatives();
            assert!(self.takes(")"), "a group ends: {}", self.text);
            return node;
        }
        let (start, mut depth, mut is_between) = (self.tokens[self.next].start, 0, false);
        let mut end = start;
        while let Some(word) = self.word() {
            match word {
                "AND" if is_between => is_between = false,
                "AND" | "OR" if depth == 0 => break,
                "BETWEEN" => is_between = true,
                "(" => depth += 1,
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                _ => {}
            }
            end = self.tokens[self.next].end;
            self.next += 1;
        }
        Node::Leaf(self.text[start..end].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(changed: Vec<Changed>) -> Vec<String> {
        changed.into_iter().map(|it| format!("{} -> {}", it.clause, it.left.unwrap_or_default())).collect()
    }

    #[test]
    fn a_condition_loses_each_operand_and_each_group() {
        assert_eq!(
            told(conditions("A = :a AND (attribute_not_exists(B) OR B <> :b) AND NOT contains(C, :c)")),
            [
                "A = :a AND (attribute_not_exists(B) OR B <> :b) AND NOT contains(C, :c) -> ",
                "A = :a -> (attribute_not_exists(B) OR B <> :b) AND NOT contains(C, :c)",
                "attribute_not_exists(B) OR B <> :b -> A = :a AND NOT contains(C, :c)",
                "attribute_not_exists(B) -> A = :a AND B <> :b AND NOT contains(C, :c)",
                "B <> :b -> A = :a AND attribute_not_exists(B) AND NOT contains(C, :c)",
                "NOT contains(C, :c) -> A = :a AND (attribute_not_exists(B) OR B <> :b)",
            ]
        );
    }

    #[test]
    fn a_boundary_is_moved() {
        assert_eq!(
            told(conditions("Uses < :limit")),
            ["Uses < :limit -> ", "Uses < :limit becomes Uses <= :limit -> Uses <= :limit"]
        );
        let between = "A BETWEEN :low AND :high AND B = :b";
        assert_eq!(
            told(conditions(between))[1..],
            ["A BETWEEN :low AND :high -> B = :b", "B = :b -> A BETWEEN :low AND :high"]
        );
    }

    #[test]
    fn an_update_loses_each_action() {
        assert_eq!(
            told(updates("SET A = :a, L = list_append(if_not_exists(L, :none), :more) REMOVE B, C ADD D :d")),
            [
                "SET A = :a -> SET L = list_append(if_not_exists(L, :none), :more) REMOVE B, C ADD D :d",
                "SET L = list_append(if_not_exists(L, :none), :more) -> SET A = :a REMOVE B, C ADD D :d",
                "REMOVE B -> SET A = :a, L = list_append(if_not_exists(L, :none), :more) REMOVE C ADD D :d",
                "REMOVE C -> SET A = :a, L = list_append(if_not_exists(L, :none), :more) REMOVE B ADD D :d",
                "ADD D :d -> SET A = :a, L = list_append(if_not_exists(L, :none), :more) REMOVE B, C",
            ]
        );
        assert_eq!(told(updates("SET A = :a")), ["SET A = :a -> "]);
    }
}

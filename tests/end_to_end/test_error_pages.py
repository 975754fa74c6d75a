"""Every error that client, tap and target can raise or log stands in the documentation, and a test produces it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

from target_osdi_crm.rejects import sentence

ROOT = Path(__file__).parent.parent.parent
CODE = [
    *ROOT.glob("osdi-crm-client/osdi_crm_client/**/*.py"),
    *ROOT.glob("tap-osdi-crm/tap_osdi_crm/**/*.py"),
    *ROOT.glob("target-osdi-crm/target_osdi_crm/**/*.py"),
]
PAGE = ROOT / "docs" / "operations.md"
TESTED = ("client", "tap", "target", "end_to_end")
ANYTHING = "…"
"""What stands for the parts of a message that differ, in the documentation as here."""


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def kinds() -> set[str]:
    """The classes whose messages people see."""
    errors = parsed(ROOT / "osdi-crm-client" / "osdi_crm_client" / "errors.py")
    return {node.name for node in errors.body if isinstance(node, ast.ClassDef)} | {
        "Stop",
        "InvalidInputLine",
        "kind",  # one of them, chosen by status
        "error",  # of a logger
    }


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


class Module:
    """One file of code, and the texts that its expressions can come to."""

    def __init__(self, file: Path) -> None:
        self.tree = parsed(file)
        self.assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self.assigned.setdefault(ast.unparse(target), []).append(node.value)
            if isinstance(node, ast.FunctionDef):
                returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
                for name in (node.name, f"self.{node.name}"):
                    self.assigned.setdefault(name, []).extend(returned)

    def texts(self, node: ast.expr, depth: int = 3) -> list[str]:  # noqa: PLR0911  one for each kind of expression
        """Every text that an expression can come to, as far as the code alone tells."""
        if isinstance(node, ast.Constant):
            return [node.value if isinstance(node.value, str) else ANYTHING]
        if isinstance(node, ast.JoinedStr):
            return ["".join(parts) for parts in product(*(self.texts(part, depth) for part in node.values))]
        if isinstance(node, ast.FormattedValue):
            return self.texts(node.value, depth)
        if isinstance(node, ast.BinOp):
            return ["".join(parts) for parts in product(self.texts(node.left, depth), self.texts(node.right, depth))]
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body, depth), *self.texts(node.orelse, depth)]
        if isinstance(node, ast.Dict):
            return [text for value in node.values for text in self.texts(value, depth)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            return [text for each in (node.func.value, *node.args[1:]) for text in self.texts(each, depth)]
        found = self.assigned.get(ast.unparse(node.func if isinstance(node, ast.Call) else node), [])
        return [text for each in found for text in self.texts(each, depth - 1)] if found and depth else [ANYTHING]

    def messages(self, of: set[str]) -> Iterator[str]:
        """The messages of all errors of these classes that are made here, and of those logged as errors."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and node.args:
                called = name_of(node.func)
                if called in of:
                    texts = self.texts(node.args[1 if called == "Stop" and len(node.args) > 1 else 0])
                    yield from (text.replace("%s", ANYTHING) for text in texts)
            if isinstance(node, ast.Tuple) and len(node.elts) == 2 and name_of(node.elts[0]) in of:
                yield from self.texts(node.elts[1])


def says_something(message: str) -> bool:
    """Whether there is more to a message than what differs."""
    return len(re.sub(r"[\W_]|HTTP", "", message)) > 8


@cache
def reasons() -> set[str]:
    """Why records are rejected."""
    modules = [Module(file) for file in CODE]
    named = {text for module in modules for text in module.messages({"Rejection"})}
    constants = {name: value for module in modules for name, value in module.assigned.items() if name.isupper()}
    used = {
        name_of(node.args[0])
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and name_of(node.func) == "Rejection"
    }
    by_constant = {each.value for name in used for each in constants.get(name, []) if isinstance(each, ast.Constant)}
    return {sentence(code) for code in named | by_constant if isinstance(code, str) and code != ANYTHING}


@cache
def messages() -> set[str]:
    """All other messages."""
    return {text for file in CODE for text in Module(file).messages(kinds()) if says_something(text)}


def in_code_spans(text: str) -> list[str]:
    """What stands in the first column of tables, in backticks."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [span for row in rows for span in re.findall(r"`([^`]+)`", row)]


@cache
def entries() -> list[str]:
    """The messages that the page explains."""
    return in_code_spans(PAGE.read_text().partition("## What every error means")[2])


@cache
def expected() -> set[str]:
    """What the tests of the plugins expect to read: their texts, those of other purposes among them."""
    found: set[str] = set()
    for file in (file for folder in TESTED for file in (ROOT / "tests" / folder).glob("test_*.py")):
        if file == Path(__file__):
            continue
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.sub(r"\\(\W)", r"\1", node.value))
            if isinstance(node, ast.JoinedStr):
                found.add(
                    "".join(str(each.value) if isinstance(each, ast.Constant) else ANYTHING for each in node.values)
                )
    return found


def explains(entry: str, message: str) -> bool:
    """Whether an entry of the page is the beginning of a message; `…` stands for anything, also in the message."""
    pattern = ".*".join(re.escape(part) for part in entry.strip(ANYTHING).split(ANYTHING))
    return bool(re.search(pattern, message)) and says_something(entry)


def test_the_code_is_read_as_it_should() -> None:
    assert {"no key", "more than one match", "invalid record", "letters are not allowed"} <= reasons()
    found = messages()
    for known in (
        "The setting 'journal' is neither a path nor a database address.",
        "the vendor does not accept the credentials, or they may not do this",
        "Line … is a BATCH message that cannot be read: ….",
        "Another run is writing to the account '…' with this journal. Wait until it has ended.",
        "no answer came back",
    ):
        assert known in found


def test_every_error_is_explained() -> None:
    page = entries()
    assert [message for message in sorted(messages()) if not any(explains(entry, message) for entry in page)] == []


def test_nothing_is_explained_that_cannot_happen() -> None:
    found = messages() | {"'…' is a required property"}  # the SDK's
    assert [entry for entry in entries() if not any(explains(entry, message) for message in found)] == []


def distinctive(entry: str) -> str:
    """The longest words of an entry that no other one has, or the longest of all."""
    parts = sorted(entry.split(ANYTHING), key=len, reverse=True)
    others = [other for other in entries() if other != entry]
    return next((part for part in parts if not any(part in other for other in others)), parts[0]).strip()


def test_every_error_is_expected_by_a_test() -> None:
    words = {entry: distinctive(entry) for entry in entries()}
    assert [entry for entry in words if not any(words[entry] in text for text in expected())] == []


def test_every_reason_for_a_rejection_is_expected_by_a_test() -> None:
    assert sorted(reasons() - expected()) == []

"""The shape of the product: no imports in a circle, and no file, class or constructor that grows too large."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PRODUCT = {
    "osdi_crm_schemas": ROOT / "schemas",
    "osdi_crm_client": ROOT / "osdi-crm-client",
    "tap_osdi_crm": ROOT / "tap-osdi-crm",
    "target_osdi_crm": ROOT / "target-osdi-crm",
}
SANDBOX = {"osdi_crm_sandbox": ROOT / "osdi-crm-sandbox"}
MOST_LINES = 450
MOST_METHODS = 25
MOST_PARAMETERS = 6


def modules(packages: dict[str, Path]) -> dict[str, Path]:
    """The files of packages by the names of their modules."""
    return {
        ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): file
        for package, folder in packages.items()
        for file in (folder / package).rglob("*.py")
    }


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module, known: dict[str, Path]) -> Iterator[str]:
    """The modules that one imports, for type checking or in a function, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("packages", [PRODUCT, SANDBOX], ids=["product", "sandbox"])
def test_no_module_imports_another_in_a_circle(packages: dict[str, Path]) -> None:
    known = modules(packages)
    graph = {name: set(imported(parsed(file), known)) & known.keys() - {name} for name, file in known.items()}

    assert len(graph) > 10
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


@pytest.mark.parametrize("file", modules(PRODUCT).values(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_class_or_constructor_grows_too_large(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            assert len(methods) <= MOST_METHODS, node.name
            for made in (each.args for each in methods if each.name == "__init__"):
                assert len(made.args) - 1 + len(made.kwonlyargs) <= MOST_PARAMETERS, node.name

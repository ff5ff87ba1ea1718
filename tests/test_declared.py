"""Whatever a part of the service declares, something reads: a rule that nobody asks is none."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_SOURCE = Path(__file__).parent.parent / "casa"

# Of these, what is read is read of a value of one of these names.
_RECEIVERS = {
    "AlertKind": {"kind", "KIND"},
    "Policy": {"policy"},
    "Renderer": {"renderer", "one"},
    "Channel": {"channel", "self", "CHANNEL", "_channel"},
}

# Facts that are kept and shown to their agency as they were sent; the clocks in which a place is
# told its times, as places of different ones do not read the same; and what a report says as it is.
_KEPT = {("Contact", "relation"), ("Reading", "clocks"), ("Outcome", "waits")}


@cache
def _trees() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text()) for path in sorted(_SOURCE.rglob("*.py")))


@cache
def _reads() -> frozenset[tuple[str, str]]:
    """Each attribute that is read, with the last name of what it is read of."""
    found = set()
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                of = node.value
                name = of.id if isinstance(of, ast.Name) else getattr(of, "attr", "")
                found.add((name, node.attr))
    return frozenset(found)


@cache
def _texts() -> frozenset[str]:
    """Each text in the source, as ``getattr`` and templates read by name."""
    return frozenset(
        node.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _declared() -> Iterator[tuple[str, str]]:
    """Each field of each dataclass and each msgspec structure."""
    for tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            marks = [ast.unparse(mark) for mark in (*node.decorator_list, *node.bases)]
            if not any("dataclass" in mark or mark.endswith("Struct") for mark in marks):
                continue
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield node.name, line.target.id


@pytest.mark.parametrize(("name", "field"), list(_declared()))
def test_every_declared_field_is_read(name: str, field: str) -> None:
    receivers = _RECEIVERS.get(name)
    read = {attribute for of, attribute in _reads() if receivers is None or of in receivers}
    by_name = receivers is None and field in _texts()
    assert field in read or by_name or (name, field) in _KEPT


def test_the_rules_of_kinds_are_among_them() -> None:
    declared = set(_declared())
    assert {("Policy", "lifetime"), ("AlertKind", "categories"), ("Settings", "port")} <= declared
    assert len(declared) > 200

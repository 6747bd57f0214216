"""The rooms of the package: each imports only from those below it; functions that are short."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sleepaug"
ROOMS = (  # from the top to the bottom
    "cli", "experiments", "staging", "training", "models", "augment", "data", "simulation",
    "support",
)  # fmt: skip
MOST_ENTRIES = 14


def modules():
    """Every module by its dotted name."""
    paths = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return paths


def imported(path, known):
    """Modules of the package that a module imports while it runs, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name in known}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {name if name in known else node.module for name in whole}
    return names & set(known)


@pytest.fixture(scope="module")
def imports():
    known = modules()
    return {name: imported(path, known) - {name} for name, path in known.items()}


def room(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def circle(graph):
    """Modules that are imported in a circle, or lie between two circles."""
    left = dict(graph)
    while True:
        needed = set().union(*left.values()) if left else set()
        ends = {
            name for name, others in left.items() if name not in needed or not others & set(left)
        }
        if not ends:
            return sorted(left)
        left = {name: others for name, others in left.items() if name not in ends}


def test_a_room_imports_only_from_those_below_it(imports):
    assert "sleepaug.support.errors" in imports["sleepaug.data.stages"]
    upward = [
        f"{name} imports {other}"
        for name, others in imports.items()
        for other in others
        if room(name) and room(other) and ROOMS.index(room(other)) < ROOMS.index(room(name))
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle(imports):
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c"]
    assert circle(imports) == []


def test_the_root_holds_the_rooms_and_little_else():
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert set(ROOMS) <= entries
    assert len(entries) <= MOST_ENTRIES


MOST_PARAMETERS, MOST_LINES = 6, 60
NAMED_ONE_BY_ONE = {  # functions whose many parameters have a reason
    "sleepaug/augment/time_frequency.py forward",  # torch wants each tensor by itself
    "sleepaug/training/estimator.py __init__",  # scikit-learn reads settings from the signature
    "sleepaug/staging/any_stager.py predict",  # what people type; all are optional
}


def functions():
    """Every function of the package and the benchmarks but commands, whose options click names."""
    for folder in (PACKAGE, PACKAGE.with_name("benchmarks")):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and not any(
                    ast.unparse(decorator).startswith("click.command")
                    for decorator in node.decorator_list
                ):
                    yield f"{path.relative_to(PACKAGE.parent).as_posix()} {node.name}", node


def test_functions_take_few_parameters():
    many = set()
    for name, node in functions():
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if len([one for one in arguments if one.arg not in ("self", "cls")]) > MOST_PARAMETERS:
            many.add(name)
    assert many == NAMED_ONE_BY_ONE


def test_bodies_of_functions_are_short():
    long = []
    for name, node in functions():
        body = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
        if body[-1].end_lineno - body[0].lineno + 1 > MOST_LINES:
            long.append(name)
    assert long == []

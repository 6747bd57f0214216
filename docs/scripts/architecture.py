"""Draws the data's road through the package from its imports, and writes the table beside it.

`python docs/scripts/architecture.py` writes docs/images/architecture.svg and the table in
docs/architecture.md. Parts are placed by hand along the road; what they hold and the arrows between
them are read from the code. An arrow leads from what is imported to what imports it: the way of the
data.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "sleepaug"
DOCS = Path(__file__).parents[1]
PAGE, PICTURE = DOCS / "architecture.md", DOCS / "images" / "architecture.svg"
BEGIN, END = "<!-- parts: made by scripts/architecture.py -->\n", "<!-- end of parts -->\n"

PARTS = {  # what each holds (packages and modules), what it is for, and where it is drawn
    "simulation": (("simulation",), "scored nights that nobody slept", (0, 0)),
    "data": (("data", "context"), "recordings in, windows out", (0, 1)),
    "augment": (("augment",), "transforms, layers, policies", (0, 2)),
    "trunks": (
        ("models", "conv_max_pool", "compiled", "trunks", "spectral", "braindecode_bridge"),
        "networks",
        (1, 1),
    ),
    "tasks": (("tasks",), "what is to be learned, from which windows", (1, 2)),
    "training": (("training", "metrics", "runs", "energy"), "one fit, an epoch at a time", (2, 2)),
    "methods": (("methods",), "where an augmentation comes from", (3, 2)),
    "hypnogram": (
        *(
            (
                "hypnogram",
                "hypnogram_files",
                "hypnogram_picture",
                "html_report",
                "sleep_statistics",
            ),
        ),
        *("stages of a night: table, files, picture", (1, 0)),
    ),
    "staging": (
        *(("staging", "model_cards", "model_files", "calibration", "invariance", "finetuning"),),
        *("a trained model and its file", (2, 1)),
    ),
    "experiment": (
        *(
            (
                *("settings", "experiment", "learned", "report"),
                *("experiment_report", "experiment_figures", "export"),
            ),
        ),
        *("one run, or many, and their report", (3, 1)),
    ),
    "use": (
        *(("prediction", "evaluation", "inspection", "two_scorings", "agreement", "doctor"),),
        *("nights of strangers", (2, 0)),
    ),
    "comparison": (
        *(("comparison",),),
        *("methods under one clock", (4, 1)),
    ),
}
PALE, BLUE = "#eef3fa", "#3b5b8c"
BY_FILES = ("simulation", "data")  # the one way of the data that is no import
EVERYWHERE = (
    "__init__",
    "__main__",
    "cli",
    "config",
    "writing",
    "processes",
)  # top and bottom of the house


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield what a module imports when it is itself imported; not what its functions import."""
    nodes = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sleepaug"):
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                yield name if name in known else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            nodes += ast.iter_child_nodes(node)


def graph() -> dict[str, set[str]]:
    """For each module those it imports."""
    known = modules()
    return {name: set(imports(path, known)) - {name} for name, path in known.items()}


def home(module: str) -> str:
    """The package or module directly under `sleepaug` that a module is or is in."""
    return [*module.split("."), "__init__"][1]


def arrows() -> set[tuple[str, str]]:
    """Pairs of parts: the second imports from the first."""
    part = {name: title for title, (names, *_) in PARTS.items() for name in names}
    found = set()
    for module, others in graph().items():
        for other in others:
            pair = part.get(home(other)), part.get(home(module))
            if None not in pair and pair[0] != pair[1]:
                found.add(pair)
    return found  # type: ignore[return-value]


def circle(edges: set[tuple[str, str]]) -> list[str]:
    """Nodes that lie on a circle of arrows, or none."""
    left = set(edges)
    while True:
        ends = {b for _, b in left}
        kept = {(a, b) for a, b in left if a in ends}
        if kept == left:
            return sorted({a for a, _ in left})
        left = kept


def needed(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that no longer way says already."""

    def reach(a: str, b: str, without: tuple[str, str]) -> bool:
        step = {y for x, y in edges - {without} if x == a}
        return b in step or any(reach(y, b, without) for y in step)

    return {edge for edge in edges if not reach(*edge, edge)}


def table() -> str:
    """The parts with what they are for and what they take from."""
    lines = ["| part | holds | what for | takes from |", "|---|---|---|---|"]
    edges = arrows()
    for title, (names, told, _) in PARTS.items():
        holds = ", ".join(f"`{n}/`" if (PACKAGE / n).is_dir() else f"`{n}.py`" for n in names)
        sources = ", ".join(other for other in PARTS if (other, title) in edges)
        lines.append(f"| {title} | {holds} | {told} | {sources} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with its table made anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


def draw() -> None:
    """Write the picture."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    matplotlib.rcParams |= {"svg.hashsalt": "sleepaug"}
    figure = Figure(figsize=(11, 5), layout="constrained")
    axis = figure.subplots()
    axis.set(xlim=(-0.5, 4.5), ylim=(2.65, -0.45))
    axis.set_axis_off()
    boxes = {}
    for title, (names, told, (x, y)) in PARTS.items():
        corner = (x - 0.38, y - 0.34)
        box = FancyBboxPatch(corner, 0.76, 0.68, boxstyle="round,pad=0.02", fc=PALE, ec=BLUE)
        boxes[title] = axis.add_patch(box)
        holds = ", ".join(n + "/" * (PACKAGE / n).is_dir() for n in names)
        words = textwrap.fill(told, 28) + f"\n({n_lines(names):,} lines)"
        axis.text(x, y - 0.3, title, ha="center", va="top", weight="bold", size=11)
        axis.text(x, y - 0.14, words, ha="center", va="top", size=7)
        axis.text(
            x, y + 0.34, textwrap.fill(holds, 34), ha="center", va="bottom", size=6, color=BLUE
        )
    for a, b in [*sorted(needed(arrows())), BY_FILES]:
        arrow = FancyArrowPatch(PARTS[a][2], PARTS[b][2], patchA=boxes[a], patchB=boxes[b])
        arrow.set(arrowstyle="-|>", mutation_scale=12, color="#c0504d", lw=1.2)
        arrow.set_linestyle(":" if (a, b) == BY_FILES else "-")
        axis.add_patch(arrow)
    note = (
        "cli/ on top calls all of it; config, writing and processes below are known to all. "
        "Dots: by files. An arrow that a longer way says already is left out."
    )
    axis.text(2, 2.6, note, ha="center", va="bottom", size=8, color="grey")
    figure.savefig(PICTURE, metadata={"Date": None})


def n_lines(names: tuple[str, ...]) -> int:
    """Lines of some packages and modules."""
    paths = (path for module, path in modules().items() if home(module) in names)
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


if __name__ == "__main__":
    draw()
    PAGE.write_text(page(), encoding="utf-8")

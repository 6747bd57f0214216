"""A Sphinx directive that runs a command of sleepaug and shows its output.

    ```{sleepaug} predict night.edf
    ```

The commands of all pages in `PAGES` are run one after the other in one folder that is empty at
first; a command that several pages show is run once. `:exit: 2` expects this exit code, for a
mistake that is shown on purpose; another exit code is a warning, and so an error of the build.
`:last: 9` shows the last nine lines only.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import sleepaug

log = logging.getLogger(__name__)
COMMANDS = (
    *("simulate", "train", "report", "evaluate", "adapt", "inspect", "predict", "agree"),
    *("review", "summarize"),
    *("models", "export", "compare", "cache", "doctor"),
)
PAGES = ["tour", *(f"commands/{name}" for name in COMMANDS)]
CALL = "from sleepaug.cli import main; main(prog_name='sleepaug')"
HERE = str(Path(sleepaug.__file__).parents[1])
BLOCK = re.compile(r"^```\{sleepaug\} (.+)$((?:\n:\w+: .*)*)", flags=re.MULTILINE)


class Command(SphinxDirective):
    """Show a command and its output during the build."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {
        "exit": directives.nonnegative_int,
        "last": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        command = self.arguments[0]
        lines = self.env.app.outputs[command].splitlines()  # type: ignore[attr-defined]
        if "last" in self.options and len(lines) > self.options["last"]:
            lines = ["...", *lines[-self.options["last"] :]]
        text = "\n".join([f"$ sleepaug {command}", *lines])
        return [nodes.literal_block(text, text, language="console")]


def run_all(app: Sphinx) -> None:
    """Run the commands of every page, in order."""
    app.outputs = {}  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "SLEEPAUG_CACHE_DIR": f"{folder}/cache",
            "COLUMNS": "80",
            "PYTHONWARNINGS": "ignore",
        }
        (Path(folder) / "work").mkdir()
        for page in PAGES:
            text = (Path(app.srcdir) / f"{page}.md").read_text(encoding="utf-8")
            for command, options in BLOCK.findall(text):
                if command in app.outputs:  # type: ignore[attr-defined]
                    continue
                log.info("sleepaug %s", command)
                done = subprocess.run(
                    [sys.executable, "-c", CALL, *shlex.split(command)],
                    cwd=Path(folder) / "work",
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                wanted = re.search(r":exit: (\d+)", options)
                if done.returncode != (int(wanted[1]) if wanted else 0):
                    code = done.returncode
                    log.warning("%s: sleepaug %s: exit %d\n%s", page, command, code, done.stdout)
                app.outputs[command] = done.stdout.replace(folder, "~").replace(HERE, "...")  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("sleepaug", Command)
    app.connect("builder-inited", run_all)
    return {"parallel_read_safe": False}

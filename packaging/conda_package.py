"""Build the conda package and run the tests of its recipe, with py-rattler-build.

    python packaging/conda_package.py SOURCE OUTPUT --installed FOLDER

SOURCE is a copy of the repository. Where conda-forge is not reached (Linux), a channel is made in
OUTPUT: its Python is the one that runs this, with the packages in FOLDER (such as
lib/python3.11/site-packages); the other packages are empty and have the least version that the
recipe allows. The recipe, the build and the tests are tried then, but not whether conda-forge has
these versions.
"""

import argparse
import json
import platform
import re
import socket
import sys
import tempfile
import venv
from pathlib import Path

import rattler_build
from rattler_build.progress import SimpleProgressCallback

PLATFORM = "linux-64"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--installed", type=Path, required=True)
    given = parser.parse_args()
    recipe = rattler_build.Stage0Recipe.from_file(given.source / "packaging" / "recipe.yaml")
    (package,) = recipe.render(rattler_build.VariantConfig())
    channel = "conda-forge"
    if not reached("conda.anaconda.org"):
        needs = package.recipe.requirements
        folder = given.output / "stand-ins"
        make_channel(folder, map(str, [*needs.host, *needs.run]), given.installed)
        channel = folder.absolute().as_uri()
        print("conda-forge is not reached; empty packages stand in for its own.")
    built = package.run_build(
        rattler_build.ToolConfiguration(test_strategy="native"),
        output_dir=given.output,
        channels=[channel],
        progress_callback=SimpleProgressCallback(),
    )
    print(*built.packages, sep="\n")


def reached(host: str) -> bool:
    """Tell whether a host answers."""
    try:
        socket.create_connection((host, 443), timeout=10).close()
    except OSError:
        return False
    return True


def make_channel(folder: Path, needs, installed: Path) -> None:
    """Make a channel that has what a recipe asks for."""
    records = {}
    for name, _, bounds in (need.partition(" ") for need in needs):
        least = re.search(r">=([\d.]+)", bounds)
        with tempfile.TemporaryDirectory() as files:
            version = least[1] if least else "1"
            if name == "python":
                version = platform.python_version()
                make_environment(Path(files), installed)
            records |= add(folder / PLATFORM, name, version, Path(files))
    (folder / "noarch").mkdir()
    for subdir, packages in ((PLATFORM, records), ("noarch", {})):
        index = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}
        (folder / subdir / "repodata.json").write_text(json.dumps(index))


def make_environment(folder: Path, installed: Path) -> None:
    """Make an environment that finds these packages, and those of the Python that runs this."""
    venv.create(folder, symlinks=True)
    own = [path for path in sys.path if path.endswith("site-packages")]
    for packages in folder.glob("lib/python*/site-packages"):
        (packages / "stand_in.pth").write_text("\n".join([*own, str(installed.absolute())]))


def add(folder: Path, name: str, version: str, files: Path) -> dict[str, dict]:
    """Put a package into a folder of a channel; return its line of the index."""
    made = rattler_build.assemble_package(name, version, PLATFORM, "0", folder, files_dir=files)
    facts = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": []}
    return {made.path.name: {**facts, "subdir": PLATFORM, "size": made.path.stat().st_size}}


if __name__ == "__main__":
    main()

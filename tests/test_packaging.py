"""The image and the conda recipe ask for what setup.cfg asks for."""

import configparser
import re
from pathlib import Path

from packaging.requirements import Requirement

from sleepaug import __version__
from sleepaug.cli import main
from sleepaug.support.yaml import parse_yaml

ROOT = Path(__file__).parents[1]
ON_CONDA = {"torch": "pytorch", "mne": "mne-base", "matplotlib": "matplotlib-base"}


def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def recipe():
    """The recipe, with the values of its context filled in."""
    text = (ROOT / "packaging" / "recipe.yaml").read_text(encoding="utf-8")
    context = parse_yaml(text)["context"]
    for name, value in context.items():
        text = text.replace(f"${{{{ {name} }}}}", value)
    return parse_yaml(text)


def by_name(lines):
    each = [Requirement(line) for line in lines]
    return {required.name: required.specifier for required in each}


def test_the_recipe_has_the_requirements_of_the_package():
    options = setup()["options"]
    wanted = by_name(options["install_requires"].split())
    expected = {ON_CONDA.get(name, name): specifier for name, specifier in wanted.items()}
    requirements = by_name(recipe()["requirements"]["run"])
    assert str(requirements.pop("python")) == options["python_requires"]
    assert requirements == expected


def test_the_recipe_names_version_command_build_and_licences():
    values = recipe()
    assert values["package"]["version"] == __version__
    assert values["build"]["python"]["entry_points"] == [
        setup()["options.entry_points"]["console_scripts"].strip()
    ]
    backend = re.search(r'requires = \["(.*?)"\]', (ROOT / "pyproject.toml").read_text())[1]
    (host,) = (line for line in values["requirements"]["host"] if line.startswith("setuptools"))
    assert by_name([host]) == by_name([backend])
    licences = {*ROOT.glob("LICENSE*"), *ROOT.glob("sleepaug/simulation/LICENSE*")}
    assert {ROOT / name for name in values["about"]["license_file"]} == licences
    assert values["about"]["summary"] == setup()["metadata"]["description"]
    for line in values["tests"][1]["script"][1:]:
        assert line.split()[1] in main.commands


def test_the_image_gets_all_that_the_package_is_built_from():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    readme = setup()["metadata"]["long_description"].removeprefix("file:").strip()
    assert let_in == {"sleepaug", "setup.cfg", "pyproject.toml", "LICENSE", readme}
    image = (ROOT / "Dockerfile").read_text()
    assert image.index("USER sleepaug") < image.index("ENTRYPOINT")
    assert "torch>" not in image  # the bounds of setup.cfg hold

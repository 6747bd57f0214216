"""Settings as YAML 1.2: read from files, and written."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from sleepaug.support.errors import ConfigError
from sleepaug.support.plain import plain


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a settings file in YAML 1.2.

    Raises
    ------
    ConfigError
        It cannot be read, is not valid YAML, has a key twice, or is not a mapping.
    """
    from ruamel.yaml.error import YAMLError

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise ConfigError(f"{path}: cannot be read as a settings file: {reason}.") from error
    try:
        values = parse_yaml(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        why = str(getattr(error, "problem", None) or error).strip()
        raise ConfigError(f"{path}: not valid YAML{where}: {why}.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected keys and values at the top, got {values!r}.")
    return values


def parse_yaml(text: str) -> Any:
    """Read a YAML 1.2 text into plain Python values."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(text)


def parse_setting(text: str) -> tuple[str, Any]:
    """Split `key.path=value`; the value is read as YAML.

    Raises
    ------
    ConfigError
        It has another form.

    Examples
    --------
    >>> parse_setting("training.betas=[0.9, 0.999]")
    ('training.betas', [0.9, 0.999])
    """
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"{text}: expected key=value, such as training.epochs=20.", parameters=("settings",)
        )
    try:
        return key.strip(), parse_yaml(value)
    except YAMLError as error:
        why = error.problem if isinstance(error, MarkedYAMLError) else error
        raise ConfigError(
            f"{text}: the value is not valid YAML: {why}.", parameters=("settings",)
        ) from error


def to_yaml(values: Any) -> str:
    """Write settings or plain values as YAML."""
    from ruamel.yaml import YAML

    yaml, stream = YAML(), io.StringIO()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(plain(values), stream)
    return stream.getvalue()

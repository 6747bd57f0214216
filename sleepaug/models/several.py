"""Several models at once: which files a comma list, or the folds of a run, stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sleepaug.models.cards import DEFAULT_MODEL, MEMBERS, WEIGHTS, YASA, find_model
from sleepaug.support.errors import ModelError

ModelNames = Path | str | Sequence[Path | str] | None


def find_models(names: ModelNames = None) -> dict[str, Path | None]:
    """Find the models that predict together.

    Parameters
    ----------
    names : path, str, sequence of these, optional
        Run folders, model files and names of models, as a sequence or separated by commas. A run of
        several folds or seeds stands for its models. Without it, the default model.

    Returns
    -------
    dict of str to Path
        The file of each model by a short name; None for that of YASA.

    Raises
    ------
    ModelError
        There is no such model, or one is named twice.

    Examples
    --------
    >>> list(find_models("default,yasa"))
    ['default', 'yasa']
    """
    if names is None:
        return {DEFAULT_MODEL: find_model()}
    named: list[tuple[str, Path | None]] = []
    for name in _split(names):
        folder = Path(name)
        if name == YASA and not folder.exists():
            named.append((YASA, None))
        elif members := _members(folder):
            named += [(f"{folder.name}/{member.name}", member / WEIGHTS) for member in members]
        else:
            file = find_model(name)
            named.append((file.parent.name if file.name == WEIGHTS else file.stem, file))
    files = [file for _, file in named]
    if twice := [name for name, file in named if files.count(file) > 1]:
        raise ModelError(
            f"model: {twice[0]} is named twice. Name each once.", parameters=("model",)
        )
    short = [name for name, _ in named]
    return {name if short.count(name) == 1 else str(file): file for name, file in named}


def _split(names: Path | str | Sequence[Path | str]) -> list[str]:
    """Split names at commas, unless there is a file or folder with a comma in its name."""
    if isinstance(names, str | Path):
        names = [names] if Path(names).exists() else str(names).split(",")
    listed = [str(name).strip() for name in names]
    if not listed or "" in listed:
        raise ModelError(
            f"model: expected names separated by commas, got {','.join(listed)!r}.",
            parameters=("model",),
        )
    return listed


def _members(folder: Path) -> list[Path]:
    """List the folds, or seeds, of a run; a `ModelError` if one of them is not finished."""
    if (folder / WEIGHTS).is_file() or not folder.is_dir():
        return []
    members = sorted(
        (path for path in folder.iterdir() if path.is_dir() and path.name.startswith(MEMBERS)),
        key=lambda path: (len(path.name), path.name),
    )
    for member in members:
        find_model(member)
    return members

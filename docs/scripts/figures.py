"""Tell sphinx-gallery which figures of an example to show: those that have a name."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst


def _get_sg_image_scraper() -> Any:
    return named_figures


def named_figures(block: tuple, block_vars: dict, gallery_conf: dict) -> str:
    """Show the figures to which a block of an example has given a name."""
    variables = block_vars["example_globals"]
    names = [name for name in variables if isinstance(variables[name], Figure) and name in block[1]]
    paths = [next(block_vars["image_path_iterator"]) for _ in names]
    for name, path in zip(names, paths, strict=True):
        variables[name].savefig(path, dpi=100)
    return figure_rst(paths, gallery_conf["src_dir"])

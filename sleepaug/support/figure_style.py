"""The one style of every figure: axes open at the top and right, legends without a frame."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextlib.contextmanager
def figure_style() -> Iterator[None]:
    """Make figures in the style of this package; also a decorator of functions that draw.

    The caller's own matplotlib settings come back at the end. An axis that shows an image gets its
    frame by ``axis.spines[:].set_visible(True)``.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> @figure_style()
    ... def draw():
    ...     return Figure().subplots()
    >>> draw().spines["top"].get_visible()
    False
    """
    from matplotlib import rc_context  # slow to import, and few commands draw

    with rc_context(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
        }
    ):
        yield


def png_for_page(figure: Figure, dpi: int = 100) -> str:
    """Return a figure as PNG in base64, as a page holds it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return base64.b64encode(file.getvalue()).decode("ascii")

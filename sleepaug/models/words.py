"""Models as Python and a notebook show them: one short line."""

from __future__ import annotations

import html

from sleepaug.support.errors import printable

LONGEST = 300
"""Characters of a line; a file may name many channels or models."""


class OneLine:
    """Something that Python shows as one line, its class and `facts`, and a notebook as well."""

    @property
    def facts(self) -> tuple[str, ...]:
        """What the line says; empty texts are left out."""
        raise NotImplementedError

    def __repr__(self) -> str:
        text = "; ".join(filter(None, self.facts))
        line = printable(f"{type(self).__name__}: {text}")
        return f"<{line if len(line) <= LONGEST - 2 else line[: LONGEST - 5] + '...'}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>"

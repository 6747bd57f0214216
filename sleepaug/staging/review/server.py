"""The server of a review: on this machine only, and for the page that holds its secret only."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sleepaug.staging.review.session import (
    OutdatedError,
    Review,
    page_of_night,
    page_of_window,
)
from sleepaug.support.errors import ConfigError, SleepaugError

LOOPBACK = "127.0.0.1"
MOST_BYTES = 5_000_000
"""A longer request is refused: all windows of the longest recording take less."""
SECONDS = 30
"""After which a connection that sends nothing is closed."""
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ReviewServer(ThreadingHTTPServer):
    """Serve a review to the browsers of this machine.

    The address holds a secret of 128 bits, without which nothing is answered. A request is refused
    if it is for another host name (so that no name of the outside can be made to mean this
    machine), or if a page of another origin sent it.

    Parameters
    ----------
    review : Review
    port : int
        0 takes a free one.

    Attributes
    ----------
    url : str
        Of the page.
    """

    daemon_threads = True

    def __init__(self, review: Review, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.review = review
        self.secret = secrets.token_urlsafe(16)
        self.host = f"{LOOPBACK}:{self.server_address[1]}"
        self.url = f"http://{self.host}/{self.secret}/"


class _Handler(BaseHTTPRequestHandler):
    """Answer one request."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server_version, sys_version = "sleepaug", ""

    def do_GET(self) -> None:
        """Send the page, the list of nights, a night, or the signals of a window."""
        path = self._path()
        if path is None:
            return
        if path in FILES:
            name, kind = FILES[path]
            self._send(HTTPStatus.OK, Path(__file__).with_name(name).read_bytes(), kind)
        elif path == "nights":
            self._answer(self._nights)
        elif asked := re.fullmatch(r"night/(\d{1,6})(?:/window/(\d{1,6}))?", path):
            night, window = asked.groups()
            self._answer(partial(self._night, night, window))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def do_POST(self) -> None:
        """Save a night."""
        self.close_connection = True  # what is left of a refused request is not read as another
        path = self._path()
        if path is None:
            return
        match = re.fullmatch(r"night/(\d{1,6})", path)
        length = self.headers.get("Content-Length", "")
        if match is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
        elif self.headers.get("Origin") != f"http://{self.server.host}":
            self._refuse(HTTPStatus.FORBIDDEN, "Only the page of this review may save.")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is expected.")
        elif not length.isdecimal() or int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long.")
        else:
            body = self.rfile.read(int(length))
            self._answer(partial(self._save, match[1], body))

    @property
    def _review(self) -> Review:
        return self.server.review

    def _path(self) -> str | None:
        """Return what is asked for, below the secret; refuse what is not from our page."""
        if self.headers.get("Host") != self.server.host:
            self._refuse(HTTPStatus.FORBIDDEN, "This is another host.")
            return None
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            self._refuse(HTTPStatus.FORBIDDEN, "Another page asked.")
            return None
        secret, slash, path = self.path.removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(secret.encode(), self.server.secret.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "Open the address that sleepaug review printed.")
            return None
        return path

    def _index(self, text: str) -> int:
        if int(text) >= len(self._review.nights):
            raise ConfigError(f"no night {text}: there are {len(self._review.nights)}.")
        return int(text)

    def _nights(self) -> list[dict[str, Any]]:
        return [
            {"name": night.name, "saved": self._review.is_saved(k)}
            for k, night in enumerate(self._review.nights)
        ]

    def _night(self, night: str, window: str | None) -> Any:
        index = self._index(night)
        if window is None:
            return page_of_night(self._review, index)
        return page_of_window(self._review, index, int(window))

    def _save(self, night: str, body: bytes) -> dict[str, Any]:
        index = self._index(night)
        try:
            asked = json.loads(body)
            stages = {int(window): str(stage) for window, stage in asked["stages"].items()}
            revision = int(asked["revision"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigError(f"what the page sent cannot be read: {error}.") from error
        files = self._review.save(index, stages, revision)
        return {
            "revision": self._review.revision(index),
            "files": [str(file) for file in files],
        }

    def _answer(self, make: Callable[[], Any]) -> None:
        """Send what a function returns as JSON, or its error."""
        try:
            content = make()
        except OutdatedError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))
        except SleepaugError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        else:
            self._send(HTTPStatus.OK, json.dumps(content).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, json.dumps({"error": why}).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the terminal is the user's."""

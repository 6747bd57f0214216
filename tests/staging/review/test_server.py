"""The server answers its own page and nobody else."""

import http.client
import json
import socket

import pytest


def ask(server, method, path, body=None, **headers):
    """Send a request as it is, and return status, headers and content."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    host = {"Host": server.host} if "Host" not in headers else {}
    connection.putrequest(method, path, skip_host=True)
    data = b"" if body is None else json.dumps(body).encode()
    for name, value in {**host, **headers}.items():
        connection.putheader(name, value)
    if method == "POST" and "Content-Length" not in headers:
        connection.putheader("Content-Length", str(len(data)))
    connection.endheaders(data)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


@pytest.fixture
def page(server):
    """Headers of a request of the page itself."""
    return {"Origin": f"http://{server.host}", "Content-Type": "application/json"}


def test_the_page_and_its_files_come_with_strict_headers(server):
    for name, kind in (("", "text/html"), ("page.js", "text/javascript"), ("page.css", "text/css")):
        status, headers, content = ask(server, "GET", f"/{server.secret}/{name}")
        assert status == 200
        assert headers["Content-Type"].startswith(kind)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert content


def test_it_listens_on_the_loopback_interface_only(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, server.server_port), 2)


@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/nights", "//nights", "/nights", "/{}"])
def test_without_the_secret_nothing_is_told(server, path):
    status, _, content = ask(server, "GET", path.format(server.secret[:-1] + "!"))
    assert status == 404
    assert b"night" not in content


@pytest.mark.parametrize(
    "path", ["../session.py", "..%2fsession.py", "session.py", "page.html", "night/..", "night/1/x"]
)
def test_no_other_file_is_served(server, path):
    assert ask(server, "GET", f"/{server.secret}/{path}")[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_host_name_is_refused(server, host):
    assert ask(server, "GET", f"/{server.secret}/nights", Host=host)[0] == 403


def test_a_request_of_another_page_is_refused(server, page):
    path = f"/{server.secret}/night/0"
    body = {"revision": 0, "stages": {"0": "W"}}
    for origin in ("http://evil.example", "null", f"https://{server.host}", "http://localhost"):
        assert ask(server, "POST", path, body, **{**page, "Origin": origin})[0] == 403
    assert ask(server, "POST", path, body, **{"Content-Type": "application/json"})[0] == 403
    form = {**page, "Content-Type": "text/plain"}
    assert ask(server, "POST", path, body, **form)[0] == 415
    assert ask(server, "GET", path, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert not server.review.settings.output.exists()
    assert ask(server, "POST", path, body, **page)[0] == 200


@pytest.mark.parametrize("length", ["-1", "x", "99999999999", ""])
def test_a_length_that_cannot_be_is_refused(server, page, length):
    path = f"/{server.secret}/night/0"
    assert ask(server, "POST", path, **page, **{"Content-Length": length})[0] == 413


@pytest.mark.parametrize(
    "body",
    [[], "x", {"stages": {}}, {"stages": [1], "revision": 0}, {"stages": {"a": "W"}, "revision": 0},
     {"stages": {"0": "N9"}, "revision": 0}, {"stages": {"0": "W"}, "revision": None}],
)  # fmt: skip
def test_what_cannot_be_saved_is_refused_in_words(server, page, body):
    status, _, content = ask(server, "POST", f"/{server.secret}/night/0", body, **page)
    assert status == 422
    assert json.loads(content)["error"]
    assert not server.review.settings.output.exists()


def test_nights_windows_and_errors_are_json(server, page):
    base = f"/{server.secret}"
    nights = json.loads(ask(server, "GET", f"{base}/nights")[2])
    assert [night["saved"] for night in nights] == [False, False, False]
    night = json.loads(ask(server, "GET", f"{base}/night/1")[2])
    assert len(night["automatic"]) == 12
    window = json.loads(ask(server, "GET", f"{base}/night/1/window/3")[2])
    assert len(window[0]["microvolts"]) == 3000
    for path in ("night/2", "night/3", "night/999999", "night/1/window/99"):
        status, _, content = ask(server, "GET", f"{base}/{path}")
        assert status == 422
        assert json.loads(content)["error"]
    saved = json.loads(
        ask(server, "POST", f"{base}/night/1", {"revision": 0, "stages": {}}, **page)[2]
    )
    assert saved["revision"] == 1
    assert ask(server, "POST", f"{base}/night/1", {"revision": 0, "stages": {}}, **page)[0] == 409
    assert json.loads(ask(server, "GET", f"{base}/nights")[2])[1]["saved"]

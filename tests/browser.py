"""A headless browser, driven by the W3C WebDriver protocol through chromedriver."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

DRIVER = shutil.which("chromedriver")
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,900"]
KEYS = {"Space": " ", "Left": "\ue012", "Right": "\ue014", "Delete": "\ue017"}


class Browser:
    """A window of Chromium; a context manager that ends it.

    Raises
    ------
    OSError
        There is no chromedriver, or it does not start.
    """

    def __init__(self) -> None:
        if DRIVER is None:
            raise OSError("no chromedriver")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.base = f"http://127.0.0.1:{port}"
        options = {"goog:chromeOptions": {"args": ARGUMENTS}}
        for _ in range(100):
            try:
                self._send("GET", "/status")
                break
            except OSError:
                time.sleep(0.1)
        made = self._send("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.base += f"/session/{made['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._send("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def open(self, url):
        self._send("POST", "/url", {"url": url})

    def run(self, script):
        """Return the value of an expression of JavaScript."""
        return self._send("POST", "/execute/sync", {"script": f"return {script}", "args": []})

    def wait(self, script, seconds=20.0):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {script}; page: {self.text('body')[:600]}")
            time.sleep(0.05)

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def press(self, *keys):
        actions = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._send("POST", "/actions", {"actions": [keyboard]})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._send("GET", "/screenshot")))

    def errors(self):
        """Return what the console reported as an error."""
        return [e["message"] for e in self._send("POST", "/se/log", {"type": "browser"})]

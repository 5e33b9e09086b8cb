"""A headless Chromium, driven by chromedriver's own protocol: JSON over HTTP, on this machine only.

with Browser() as browser:
    browser.open(path)
    browser.run("return document.title")
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

DRIVERS = ("chromedriver", "chromium-driver", "chromium.chromedriver")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
REQUIRED = os.environ.get("BROWSER_REQUIRED") == "1"
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"),
    # A name that is looked up leads nowhere: what the page asks for cannot be had by accident.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
SECONDS = 60  # that any single step may take


def found() -> tuple[str, str] | None:
    """(browser, driver) that are installed, or None."""
    pair = [next(filter(None, map(shutil.which, names)), None) for names in (BROWSERS, DRIVERS)]
    return None if None in pair else tuple(pair)


class Browser:
    """One browser window with an empty profile; gone, profile included, when the block ends."""

    def __enter__(self):
        browser, driver = found()
        self.profile = tempfile.mkdtemp(prefix="browser-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.root = f"http://127.0.0.1:{port}"
        self.session = ""
        self.driver = subprocess.Popen(
            [driver, f"--port={port}", "--allowed-ips=127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._start(browser)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, browser: str) -> None:
        """Wait until the driver answers, then have it open a window."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                self.ask("GET", "/status")
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > end or self.driver.poll() is not None:
                    raise
                time.sleep(0.05)
        wanted = {
            "goog:chromeOptions": {
                "binary": browser,
                "args": [*OPTIONS, f"--user-data-dir={self.profile}"],
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"

    def __exit__(self, *_):
        try:
            if self.session:
                self.ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(SECONDS)
            shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method: str, path: str, content: dict | None = None):
        """One request to the driver; returns its "value"."""
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.root + path, data, method=method)
        # No proxy of the environment may come between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()[:500]}") from None

    def post(self, command: str, **content):
        return self.ask("POST", f"{self.session}/{command}", content)

    def tell(self, command: str, **parameters):
        """A command of the DevTools protocol."""
        return self.post("goog/cdp/execute", cmd=command, params=parameters)

    def width(self, pixels: int, height: int = 900, dark: bool = False) -> None:
        """The size of what the page sees as its screen; narrow ones are phones."""
        mobile = pixels < 700
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            **{"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[feature])

    def open(self, path: Path | str) -> None:
        """Open a file, as a double click does, or an address."""
        self.post("url", url=path if isinstance(path, str) else path.absolute().as_uri())
        # On a busy machine it returns before the page is complete.
        while self.run("return document.readyState") != "complete":
            time.sleep(0.02)

    def run(self, script: str):
        """The value of a piece of JavaScript that ends in `return ...`."""
        return self.post("execute/sync", script=script, args=[])

    def log(self, kind: str) -> list[dict]:
        """What was logged since the last call, of "browser" or "performance"."""
        return self.post("se/log", type=kind)

    def requested(self) -> list[str]:
        """Every address that was asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def picture(self, path: Path, whole: bool = False) -> None:
        """A screenshot, of the whole page or of what fits on the screen."""
        data = self.tell("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def printed(self) -> bytes:
        """The page as PDF, on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        return base64.b64decode(self.tell("Page.printToPDF", **paper)["data"])

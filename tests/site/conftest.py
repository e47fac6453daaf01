"""The built book, served from localhost and opened in Chromium."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
AXE = Path(__file__).parent / "_vendor" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORTS = {"narrow": {"width": 390, "height": 844}, "wide": {"width": 1280, "height": 900}}


def missing(what):
    """Skips, but fails where a check must not go missing unseen: on CI."""
    message = f"{what}; the site tests need it"
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def pages():
    """Paths of all pages below the site's root, redirects left out."""
    return sorted(
        path.relative_to(HTML).as_posix()
        for path in HTML.rglob("*.html")
        if "_static" not in path.parts and "http-equiv=" not in path.read_text(encoding="utf-8")[:600].lower()
    )


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def built():
    """Folder of the built site."""
    if not (HTML / "index.html").is_file():
        pytest.fail(f"there is no book at {HTML.relative_to(ROOT)}: run make book first", pytrace=False)
    return HTML


@pytest.fixture(scope="session")
def site(built):
    """Address of the built site on localhost."""
    handler = functools.partial(QuietHandler, directory=built)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright import sync_api
    except ImportError:
        missing("the package playwright is not installed")
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        missing("Chromium is not installed (set CHROMIUM to its path if it has another name)")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe():
    path = Path(os.environ.get("AXE_PATH", AXE))
    if not path.is_file():
        missing(f"axe-core is not at {path}")
    return path.read_text(encoding="utf-8")


class Watch:
    """A browser tab that remembers every complaint and lets no request leave localhost."""

    def __init__(self, context, site):
        self.site, self.complaints = site, []
        self.page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error on the page: {error}"))
        self.page.on("response", self._response)
        self.page.route("**/*", self._route)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.type}: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")

    def _route(self, route):
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.complaints.append(f"request beyond localhost: {route.request.url}")
            route.abort()

    def open(self, path, typeset=True):
        """Loads a page and waits until its mathematics is typeset, its live figures stand, and course.js is done.

        typeset=False leaves the mathematics as it is: a chapter's formulas take seconds, its live figure needs none.
        """
        if not typeset:
            self.page.route("**/tex-svg.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        self.page.goto(f"{self.site}/{path}", wait_until="load")
        self.page.wait_for_function(
            "'mended' in document.documentElement.dataset"
            " && document.querySelectorAll('figure.live:not(.live-on)').length === 0"
        )
        return self.page


@pytest.fixture(scope="session")
def contexts(browser):
    """Browser contexts by viewport and options: a new one costs a window, a tab in it little."""
    return {}


@pytest.fixture
def tab(browser, site, contexts):
    """Opens tabs: tab("narrow" or "wide", **context options) -> Watch. What a tab complained about fails the test."""
    watches = []

    def open_tab(viewport, **options):
        key = (viewport, *sorted(options.items()))
        if key not in contexts:
            contexts[key] = browser.new_context(viewport=VIEWPORTS[viewport], **options)
        watches.append(Watch(contexts[key], site))
        return watches[-1]

    yield open_tab
    for watch in watches:
        with contextlib.suppress(Exception):  # a tab that shows no page has no storage
            watch.page.evaluate("localStorage.clear()")  # the next tab knows nothing of this one
        watch.page.close()
    complaints = [complaint for watch in watches for complaint in watch.complaints]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def narrow(tab):
    return tab("narrow")


@pytest.fixture
def wide(tab):
    return tab("wide")


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        # Without a book there is one case, which fails in the fixture `site` and says what to do.
        metafunc.parametrize("path", pages() if HTML.is_dir() else ["index.html"])

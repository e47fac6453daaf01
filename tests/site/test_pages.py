"""Is every page of the built book sound: quiet, offline, typeset, accessible, and within a telephone's width?"""

import functools
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.slow

# Equations that MathJax left as text, those it could not read, and TeX delimiters that reached the reader
UNTYPESET = """() => {
  const found = [...document.querySelectorAll('.math')].filter((e) => !e.querySelector('mjx-container'));
  const errors = [...document.querySelectorAll('mjx-merror, [data-mml-node="merror"]')];
  const walker = document.createTreeWalker(document.querySelector('article') ?? document.body, NodeFilter.SHOW_TEXT);
  const raw = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest('code, pre, script, style, mjx-container')) continue;
    if (/\\\\[([]|\\$[^$]+\\$/.test(node.data)) raw.push(node.data.trim());
  }
  return [...found, ...errors].map((e) => e.textContent).concat(raw);
}"""

# Elements that stick out of the window, unless a box of their own scrolls them
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('article *')]
    .filter((e) => e.getBoundingClientRect().right > width + 1)
    .slice(0, 5).map((e) => e.outerHTML.slice(0, 120))
    .concat([`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`]);
}"""


def test_page_opens_offline_without_complaint_and_typeset(path, wide):
    page = wide.open(path)
    assert page.title()
    assert page.locator("h1:visible").count() == 1
    assert page.evaluate(UNTYPESET) == []


def test_page_fits_a_telephone_and_its_menu_opens(path, narrow):
    page = narrow.open(path)
    assert page.evaluate(OVERFLOW) == []
    link = page.locator(".bd-docs-nav a", has_text="Notation")
    assert not link.is_visible()
    page.locator(".primary-toggle:visible").first.click()
    link.wait_for(state="visible", timeout=5000)
    link.click()
    page.wait_for_url("**/notation.html*")


@pytest.mark.parametrize("viewport", ["narrow", "wide"])
def test_axe_finds_nothing_in_either_colour_mode(path, viewport, tab, axe):
    page = tab(viewport, color_scheme="light").open(path)
    page.evaluate(axe)
    # The theme fades colours in; axe must not measure them half way.
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; animation: none !important }")
    # axe takes a header that is an equation for empty: it does not read the MathML beside the picture.
    context = {"include": [["html"]], "exclude": [["th:has(mjx-assistive-mml)"]]}
    found = []
    # What depends on colours is looked at twice, everything else once
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("(scheme) => document.documentElement.dataset.theme === scheme", arg=scheme)
        options = {"resultTypes": ["violations"], **rules}
        result = page.evaluate("([context, options]) => axe.run(context, options)", [context, options])
        found += [
            f"{scheme}: {violation['id']}: {violation['help']}\n    {node['html'][:200]}\n    {node['target']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    assert not found, "\n".join(found)


def links_of(document):
    """(address, its text) of the links and embedded files of a page."""
    for element in document.select("a, img, script, link, source"):
        address = element.get("href") or element.get("src")
        if address:
            yield address, element.get_text().strip()


def test_internal_links_and_anchors_resolve(path, built):
    broken = []
    for address, text in links_of(BeautifulSoup((built / path).read_bytes(), "html.parser")):
        if urlsplit(address).scheme or address.startswith("//"):
            continue
        target, anchor = urldefrag(urljoin(f"/{path}", address))
        file = built / unquote(urlsplit(target).path).lstrip("/")
        if file.is_dir():
            file = file / "index.html"
        if not file.is_file():
            broken.append(f"{address} ({text!r}): no such file")
        elif anchor and file.suffix == ".html" and unquote(anchor) not in anchors(file):
            broken.append(f"{address} ({text!r}): no such anchor")
    assert not broken, "\n".join(broken)


@functools.cache
def anchors(file):
    """All targets on a page."""
    document = BeautifulSoup(file.read_bytes(), "html.parser")
    return {element.get(name) for name in ("id", "name") for element in document.find_all(attrs={name: True})}


def test_every_page_is_in_the_menu_and_nothing_else_was_built(built):
    """A file that slipped past only_build_toc_files would be a page that no menu leads to."""
    start = built / "book" / "index.html"
    menu = BeautifulSoup(start.read_bytes(), "html.parser").select(".bd-sidebar-primary a[href]")
    linked = {urlsplit(urljoin("/book/index.html", a["href"])).path.lstrip("/") for a in menu}
    found = {path.relative_to(built).as_posix() for path in built.rglob("*.html") if "_static" not in path.parts}
    assert found - linked - {"index.html", "genindex.html", "search.html"} == set()

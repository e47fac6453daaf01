"""Does nbgrader's formgrader, in a real browser, show our scores, and does a grade given there survive a regrade?"""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request

import pytest

from autograde.grading import demo
from autograde.grading.course import Course, hand_in
from autograde.release import as_text, student_notebook
from autograde.sandbox.doctor import best_kernel
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("formgrader")]  # what its fixtures graded serves all
UNIT = "bptt"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = Course(tmp_path_factory.mktemp("formgrader"), demo.LIMITS, best_kernel() or "python3")
    made.release(UNIT)
    hand_in(made.root, "blank", UNIT, as_text(student_notebook(UNIT)))
    hand_in(made.root, "begun", UNIT, as_text(demo.answered({}, only=["neuron_forward"])))
    list(made.grade_all(UNIT, workers=0))
    return made


@pytest.fixture(scope="module")
def address(course):
    """Where formgrader answers, on a Jupyter server that lives as long as the tests."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {
        "port": port,
        "root_dir": course.root,
        "open_browser": False,
        "allow_root": True,
        "disable_check_xsrf": True,
        "jpserver_extensions": {"nbgrader.server_extensions.formgrader": True},
    }
    command = [sys.executable, "-m", "jupyter", "server", "--IdentityProvider.token="]
    command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "THROUGH_TIME_COURSE": str(course.root)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/formgrader"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail("the Jupyter server did not start")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def page(in_ci):
    if not os.path.exists(CHROMIUM):
        if in_ci:
            pytest.fail("Chromium must be installed in CI")
        pytest.skip("no Chromium here; on Debian and Ubuntu: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def test_formgrader_shows_the_scores_of_the_gradebook(page, address):
    page.goto(f"{address}/manage_submissions/{UNIT}")
    page.wait_for_selector("text=begun")
    rows = {
        cells[1]: cells[4]
        for row in page.locator("tbody tr").all()
        if len(cells := row.locator("td").all_inner_texts()) > 4
    }
    assert {student: score.replace(" ", "") for student, score in rows.items()} == {"blank": "0/20", "begun": "1/20"}


def test_a_grade_given_in_formgrader_survives_a_regrade(page, address, course):
    from playwright.sync_api import expect

    page.goto(f"{address}/gradebook/{UNIT}/{UNIT}")
    page.wait_for_selector("a[href*='/submissions/']")
    links = page.locator("a[href*='/submissions/']")
    base = address.removesuffix("/formgrader")
    for href in dict.fromkeys(link.get_attribute("href") for link in links.all()):
        page.goto(base + href)
        field = page.locator("#check-neuron_bptt")
        field.wait_for()
        expect(field).to_have_attribute("placeholder", "0")
        field.fill("2.5")
        with page.expect_response(lambda response: "/api/grade/" in response.url and response.request.method == "PUT"):
            field.press("Tab")
    assert course.row(UNIT, "blank").points == 2.5
    list(course.grade_all(UNIT, force=True, workers=0))
    assert {row.student: row.points for row in course.rows(UNIT)} == {"blank": 2.5, "begun": 3.5}
    assert course.row(UNIT, "blank").by_question["neuron_bptt"] == (2.5, 3)

"""Is the process from which kernels are forked shared by all who grade, and left clean behind?"""

import os
import signal
import subprocess
import sys
import time

import pytest

from autograde.sandbox import provisioners
from autograde.sandbox.doctor import best_kernel
from autograde.sandbox.limits import Resources
from autograde.sandbox.provisioners import PREFIX, SandboxError, WarmPool, WarmProcess

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("warm")]  # the process serves all tests


@pytest.fixture(scope="module")
def process(in_ci):
    if best_kernel() != "warm":
        (pytest.fail if in_ci else pytest.skip)("no sandbox here; `python -m autograde doctor` says what to install")
    process = WarmProcess()
    yield process
    process.close()


def sleeping_kernel(pool):
    """The future of a kernel that waits for its client."""
    from jupyter_client.connect import write_connection_file

    name, folder = pool.new_kernel_folder()
    write_connection_file(str(folder / "connection.json"), transport="ipc", ip=str(folder / "socket"))
    provisioners.bubblewrap.own(folder / "connection.json")
    ended = pool.start(name)
    deadline = time.monotonic() + 20
    while not list(folder.glob("socket-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not ended.done(), (folder / "log").read_text()
    return name, ended


def test_who_leaves_takes_his_kernels_along_and_no_others(process):
    ada, bob = WarmPool(process.folder), WarmPool(process.folder)
    ada.wait_until_ready()
    bob.wait_until_ready()
    _, of_ada = sleeping_kernel(ada)
    name, of_bob = sleeping_kernel(bob)
    ada.close()
    assert of_ada.result(timeout=10) == -9
    time.sleep(0.5)
    assert not of_bob.done()
    bob.send({"kill": name})
    assert of_bob.result(timeout=10) == -9
    bob.close()


def test_the_kernels_of_a_killed_client_end(process):
    watcher = WarmPool(process.folder)
    watcher.wait_until_ready()
    code = (
        "import sys, time; from tests.grading.test_warm import *\n"
        "pool = WarmPool(sys.argv[1]); pool.wait_until_ready(); sleeping_kernel(pool); print('up', flush=True)\n"
        "time.sleep(60)"
    )
    client = subprocess.Popen([sys.executable, "-c", code, process.folder], stdout=subprocess.PIPE)
    assert client.stdout.readline() == b"up\n"
    before = children(process)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    deadline = time.monotonic() + 10
    while children(process) >= before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(process) < before
    watcher.close()


def children(process):
    import psutil

    return len(psutil.Process(process.process.pid).children(recursive=True))


def test_the_folder_of_a_killed_run_is_removed_by_the_next(process):
    code = (
        "import os; from autograde.sandbox.provisioners import WarmProcess, WarmPool\n"
        "made = WarmProcess(); WarmPool(made.folder).wait_until_ready(); print(made.folder, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    left = killed.stdout.strip()
    assert os.path.basename(left).startswith(PREFIX)
    assert os.path.exists(left)
    deadline = time.monotonic() + 10
    while os.path.exists(left) and time.monotonic() < deadline:  # bubblewrap needs a moment to end
        WarmProcess().close()
    assert not os.path.exists(left)
    assert os.path.exists(process.folder)


@pytest.mark.usefixtures("process")
def test_a_sandbox_that_does_not_start_says_why():
    broken = WarmProcess(Resources(disk_bytes=-1))
    pool = WarmPool(broken.folder)
    with pytest.raises(SandboxError, match=r"does not start: .*size"):
        pool.wait_until_ready()
    pool.close()
    broken.close()

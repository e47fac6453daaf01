"""Does a hostile hand-in gain a point, reach a file or a process outside, or harm another? One test for each attack.

Every attack runs in the sandbox, for real. Its notebook answers one question wrongly (with zeros) and tries to have it
count; whatever it does, it must end with the points of its answers, which is 0.
"""

import json
import os
import re
import time
import warnings
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

from autograde.grading import demo
from autograde.grading.course import Course, hand_in
from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.grading.rebuild import rebuild_content
from autograde.release import as_text, source_notebook, student_notebook
from autograde.sandbox import provisioners
from autograde.sandbox.doctor import examine_machine
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
UNIT = "bptt"
RELEASE = student_notebook(UNIT)
LIMITS = Limits(cell_seconds=8, question_seconds=6)
ZEROS = """def neuron_forward(x, u, w):
    import numpy
    return numpy.zeros(len(x) + 1)
"""


@pytest.fixture(scope="module", autouse=True)
def sandbox(in_ci):
    missing = [f"{item.name}: {item.detail}" for item in examine_machine() if not item.ok]
    if missing and in_ci:
        pytest.fail(f"the sandbox must work in CI: {missing}")
    if missing:
        pytest.skip(f"no sandbox here ({'; '.join(missing)}); `python -m autograde doctor` says what to install")
    yield
    provisioners.forget_pool()


@pytest.fixture(autouse=True)
def no_process_survives():
    yield
    process = provisioners._process
    if process is None or process.gone:
        return
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        # bubblewrap, its first process inside, and the process that kernels are forked from
        left = [p for p in psutil.Process(process.process.pid).children(recursive=True) if p.status() != "zombie"]
        if len(left) <= 2:
            return
        time.sleep(0.1)
    pytest.fail(f"processes survive: {[p.cmdline() for p in left]}")


def attack(helper="", answer=ZEROS, kernel_name="warm", limits=LIMITS):
    """Examine a hand-in with a helper cell in front and a wrong answer; returns (record, notebook)."""
    notebook = demo.answered({"neuron_forward": answer}, only=())
    notebook.cells.insert(0, nbformat.v4.new_code_cell(helper))
    rebuilt = rebuild_content(RELEASE, "bptt.ipynb", as_text(notebook).encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of messages that a broken kernel leaves behind
        record = examine(rebuilt.notebook, UNIT, limits=limits, kernel_name=kernel_name)
    return record, rebuilt.notebook


def output_of_helper(notebook):
    cell = next(c for c in notebook.cells if c.id.startswith("helper"))
    return "".join(o.get("text", "") + o.get("evalue", "") for o in cell.outputs)


def test_an_honest_answer_gets_its_points_in_the_sandbox():
    solved = next(c.source for c in source_notebook(UNIT).cells if c.id == "bptt-neuron_forward")
    record, _ = attack("import numpy, torch, matplotlib.pyplot", solved)
    assert record.points == 1


FORGERIES = {
    "allclose and assert_allclose patched": """
        import numpy as np
        np.allclose = np.array_equal = lambda *a, **k: True
        np.testing.assert_allclose = lambda *a, **k: None
        np.abs = lambda x: 0 * x
        """,
    "numpy and torch rebound": """
        import sys, types
        class Yes(types.ModuleType):
            def __getattr__(self, name): return lambda *a, **k: True
        sys.modules["numpy"] = sys.modules["torch"] = Yes("numpy")
        np = numpy = torch = Yes("numpy")
        """,
    "an AST transformer": """
        import ast
        class Full(ast.NodeTransformer):
            def visit_Expr(self, node): return ast.parse("1.0").body[0]
        get_ipython().ast_transformers.append(Full())
        """,
    "an input transformer": """
        get_ipython().input_transformers_cleanup.append(lambda lines: ["1.0\\n"] if "check" in "".join(lines) else lines)
        """,
    "a hook that sends its own result": """
        def send(*_):
            s = get_ipython()
            s.display_pub.publish({"text/plain": "5.0"})
            s.displayhook.session.send(s.displayhook.pub_socket, "execute_result",
                {"data": {"text/plain": "nan"}, "metadata": {}, "execution_count": 1}, parent=s.displayhook.parent_header)
        get_ipython().events.register("pre_run_cell", send)
        get_ipython().events.register("post_execute", send)
        """,
    "do_execute replaced": """
        kernel = get_ipython().kernel
        async def do_execute(*a, **k):
            return {"status": "ok", "execution_count": 1, "payload": [],
                    "user_expressions": {"answer": {"status": "ok", "data": {"text/plain": "'full marks'"}}}}
        kernel.do_execute = do_execute
        """,
    "errors swallowed": """
        get_ipython().showtraceback = lambda *a, **k: None
        async def run_code(*a, **k): return False
        get_ipython().run_code = run_code
        """,
    "the check replaced": """
        from autograde import checking
        from autograde.checks import bptt as check
        checking.Check.judge = checking.Check.run = lambda self, *a, **k: checking.Verdict(self.name, self.points, self.points)
        check.neuron_forward = lambda f: print("neuron_forward   1 of 1 points")
        """,
    "the reference imported": """
        try:
            from solutions.bptt import neuron_forward
        except ImportError:
            import autograde, pathlib
            exec((pathlib.Path(autograde.__file__).parents[1] / "solutions/bptt.py").read_text())
        """,
    "the responder replaced": """
        import base64
        from autograde import wire, drivers
        from autograde.grading import responder
        responder.respond = lambda ns, name, message: base64.b64encode(wire.pack(
            [{"value": "full marks", "mutated": [], "points": 20}] * 99)).decode()
        drivers.attempt = lambda *a, **k: {"verdict": "right", "points": 1}
        """,
    "the judge's values searched in the message": """
        from autograde import drivers
        def expected(function, inputs, driver="call"):
            for name in dir(drivers): pass
            import gc
            found = [o for o in gc.get_objects() if type(o).__name__ in ("Trial", "Question")]
            return {"value": found[0].expected if found else inputs.get("expected", 0.0), "mutated": []}
        drivers.attempt = expected
        """,
    "a result that equals everything": """
        import numpy
        class Any(numpy.ndarray):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
            __rsub__ = __sub__
            def __array_ufunc__(self, *a, **k): return 0.0
            def __array_function__(self, *a, **k): return True
        ANY = numpy.zeros(3).view(Any)
        """,
    "a subclass of Tensor": """
        import torch
        class Same(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None): return True
            def detach(self): return self
            def cpu(self): return self
            def numpy(self): return self
        SAME = torch.zeros(3).as_subclass(Same)
        """,
    "a torch.py of its own": """
        open("/tmp/torch.py", "w").write("raise SystemExit")
        open("/tmp/numpy.py", "w").write("allclose = lambda *a, **k: True")
        import sys; sys.path.insert(0, "/tmp"); sys.modules.pop("torch", None)
        """,
    "a result written to the log of nbgrader": """
        print("neuron_forward   1 of 1 points"); 1.0
        """,
    "pickles in the answer": """
        import io, base64, zipfile, numpy
        from autograde.grading import responder
        class Trap:
            def __reduce__(self):
                import os
                return (os.system, ("touch /tmp/pickled-by-the-grader",))
        def respond(*_):
            buffer = io.BytesIO()
            numpy.savez(buffer, tree=numpy.array([Trap()], dtype=object))
            return base64.b64encode(buffer.getvalue()).decode()
        responder.respond = respond
        """,
    "an answer that unpacks to gigabytes": """
        import io, base64, zipfile
        from autograde.grading import responder
        def respond(*_):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z: z.writestr("tree.npy", b"0" * 2**27)
            return base64.b64encode(buffer.getvalue()).decode()
        responder.respond = respond
        """,
    "an answer nested without end": """
        import base64, io, numpy
        from autograde.grading import responder
        def respond(*_):
            buffer = io.BytesIO()
            tree = b'{"l": [' * 100000 + b'{"v": 1}' + b']}' * 100000
            numpy.savez(buffer, tree=numpy.frombuffer(tree, dtype=numpy.uint8))
            return base64.b64encode(buffer.getvalue()).decode()
        responder.respond = respond
        """,
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forged_verdict_counts_nothing(kind):
    import textwrap

    answer = ZEROS
    if kind == "a result that equals everything":
        answer = "def neuron_forward(x, u, w):\n    return ANY\n"
    if kind == "a subclass of Tensor":
        answer = "def neuron_forward(x, u, w):\n    return SAME\n"
    record, _ = attack(textwrap.dedent(FORGERIES[kind]), answer)
    assert record.points == 0
    assert not Path("/tmp/pickled-by-the-grader").exists()


@pytest.fixture(scope="module")
def victim(tmp_path_factory):
    """A course folder with another student's hand-in, a gradebook, and a secret beside it."""
    course = Course(tmp_path_factory.mktemp("course"), LIMITS)
    course.release(UNIT)
    hand_in(course.root, "honest", UNIT, as_text(source_notebook(UNIT)))
    (course.root / "secret.txt").write_text("the secret of this machine")
    return course


def snapshot(root):
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in Path(root).rglob("*") if p.is_file()}


def test_no_file_of_the_course_is_read_changed_or_deleted(victim):
    before = snapshot(victim.root)
    helper = f"""
import os, glob, shutil, sqlite3
root = {str(victim.root)!r}
seen = glob.glob(root + "/**", recursive=True) + glob.glob({str(Path.home())!r} + "/*") + glob.glob("/home/*/*") + glob.glob({str(ROOT)!r} + "/solutions/*")
print("seen:", [s for s in seen if "pyenv" not in s and os.path.exists(s)])
for path in (root, {str(ROOT)!r} + "/autograde", "/etc"):
    shutil.rmtree(path, ignore_errors=True)
for attempt in (lambda: open(root + "/secret.txt").read(), lambda: open("/etc/shadow").read(),
                lambda: sqlite3.connect(root + "/gradebook.db").execute("update grade set auto_score = 5"),
                lambda: open("/usr/bin/evil", "w"), lambda: open({str(ROOT)!r} + "/autograde/checking.py", "a")):
    try:
        print("REACHED", attempt())
    except Exception as error:
        print("refused", type(error).__name__)
"""
    record, notebook = attack(helper)
    text = output_of_helper(notebook)
    assert "REACHED" not in text
    assert text.count("refused") == 5
    assert "seen: []" in text
    assert snapshot(victim.root) == before
    assert record.points == 0


def test_the_environment_of_the_grader_is_not_to_be_seen(monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "sesame-open")
    provisioners.forget_pool()
    helper = """
import os, glob
text = str(dict(os.environ))
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try: text += open(path).read()
    except OSError: pass
print("sesame" in text, os.getuid())
"""
    _, notebook = attack(helper)
    assert output_of_helper(notebook).split() == ["False", "65534"]


@pytest.mark.parametrize("call", ["os.kill(os.getppid(), 9)", "os.kill(-1, 9)", "os.killpg(0, 9)", "os.kill(1, 9)"])
def test_killing_others_ends_nobody_but_oneself(call):
    me = os.getpid()
    record, _ = attack(f"import os, signal\ntry:\n    {call}\nexcept Exception as error:\n    print(error)")
    assert os.getpid() == me
    assert record.points == 0
    assert examine(source_notebook(UNIT), UNIT, kernel_name="warm").points == 20


def test_a_fork_bomb_stays_small():
    helper = """
import os, time
made = 0
try:
    for _ in range(300):
        if os.fork() == 0:
            time.sleep(60); os._exit(0)
        made += 1
except OSError as error:
    print("made", made)
"""
    record, notebook = attack(helper)
    # either the limit on processes held, or all of them together had too much memory and were ended
    text = output_of_helper(notebook)
    assert "of memory" in text or "ended the Python process" in text or int(text.split()[1]) < 100
    assert record.points == 0


@pytest.mark.parametrize(
    "greed",
    ["x = bytearray(30 * 2**30)", "x = []\nwhile True:\n    x.append(bytearray(10**8))", "import numpy\nx = [numpy.ones(2**27) for _ in range(50)]"],
)  # fmt: skip
def test_unlimited_memory_is_refused(greed):
    record, _ = attack(greed)
    assert record.points == 0
    assert psutil.virtual_memory().available > 2 * 2**30


def test_memory_of_many_processes_counts_together():
    helper = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        x = bytearray(600 * 2**20); time.sleep(60); os._exit(0)
time.sleep(6)
print("survived")
"""
    record, notebook = attack(helper)
    assert "survived" not in output_of_helper(notebook)
    # on a slow machine the time of the cell may end before the memory is full
    assert re.search("used more than 4 GB of memory|did not finish within", " ".join(record.events))


def test_printing_without_end_stays_small():
    record, notebook = attack("while True:\n    print('x' * 10**6)")
    assert len(nbformat.writes(notebook)) < 500_000
    assert record.points == 0
    assert re.search("printed more than 50000 bytes and (did not finish|used more than)", record.events[0])


@pytest.mark.parametrize("how", ["os.write(1, b'x' * 10**6)", "open('/tmp/big', 'ab').write(b'x' * 10**7)"])
def test_filling_the_disk_stays_in_the_sandbox(how):
    free = psutil.disk_usage("/tmp").free
    attack(f"import os\nfor _ in range(200):\n    try:\n        {how}\n    except OSError:\n        pass")
    assert free - psutil.disk_usage("/tmp").free < 10**8


def test_a_process_in_the_background_does_not_survive():
    helper = "import subprocess\nsubprocess.Popen(['sleep', '4321'], start_new_session=True)\nprint('started')"
    _, notebook = attack(helper)
    assert "started" in output_of_helper(notebook)
    time.sleep(0.3)
    assert not [p for p in psutil.process_iter(["cmdline"]) if "4321" in (p.info["cmdline"] or [])]


def test_there_is_no_network():
    helper = """
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_INET, ("192.0.2.1", 80)),
                        (socket.AF_INET6, ("::1", PORT)), (socket.AF_PACKET, None)):
    try:
        s = socket.socket(family, socket.SOCK_STREAM if address else socket.SOCK_RAW)
        s.settimeout(1); s.connect(address); print("CONNECTED")
    except OSError as error:
        print("refused")
"""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        _, notebook = attack(helper.replace("PORT", str(server.getsockname()[1])))
    text = output_of_helper(notebook)
    assert "CONNECTED" not in text
    assert text.count("refused") == 4


def test_other_kernels_sockets_are_not_to_be_seen():
    helper = "import glob, os\nprint(sorted(p for p in glob.glob('/tmp/warm-*/*')), os.listdir('/proc'))"
    _, notebook = attack(helper)
    text = output_of_helper(notebook)
    assert text.count("/tmp/warm-") == 1
    assert text.strip().endswith("[]")


@pytest.mark.parametrize(
    "call",
    [
        "libc.unshare(0x10000000)", "libc.ptrace(16, 1, 0, 0)", "libc.mount(b'none', b'/mnt', b'tmpfs', 0, 0)",
        "libc.setuid(0)", "libc.chroot(b'/tmp')", "libc.syscall(321, 0, 0, 0)", "libc.setns(0, 0)", "libc.sethostname(b'x', 1)",
    ],
)  # fmt: skip
def test_calls_that_reach_out_are_refused(call):
    helper = f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint({call}, ctypes.get_errno())"
    _, notebook = attack(helper)
    assert output_of_helper(notebook).split()[0] == "-1"


def test_setuid_programs_give_nothing():
    helper = "import subprocess\nfor c in (['su', '-c', 'id'], ['sudo', '-n', 'id'], ['mount'], ['passwd']):\n    try:\n        print(subprocess.run(c, capture_output=True, timeout=3).stdout)\n    except Exception as e:\n        print('refused')"
    _, notebook = attack(helper)
    assert "uid=0" not in output_of_helper(notebook)


@pytest.mark.parametrize(
    "stubborn",
    [
        "def neuron_forward(x, u, w):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
        "def neuron_forward(x, u, w):\n    import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n    while True: pass\n",
        "def neuron_forward(x, u, w):\n    import sys; sys.setrecursionlimit(10**9)\n    f = lambda: f()\n    return f()\n",
        "def neuron_forward(x, u, w):\n    import os; os._exit(0)\n",
        "def neuron_forward(x, u, w):\n    raise SystemExit\n",
        "def neuron_forward(x, u, w):\n    import ctypes; ctypes.string_at(0)\n",
        "def neuron_forward(x, u, w):\n    import threading; threading.Event().wait()\n",
    ],
    ids=["catches everything", "blocks signals", "recursion", "os._exit", "SystemExit", "segmentation fault", "waits"],
)
def test_a_function_that_does_not_come_back_loses_only_its_question(stubborn):
    others = {
        c.metadata.nbgrader.grade_id: c.source
        for c in source_notebook(UNIT).cells
        if c.metadata.get("nbgrader", {}).get("solution")
    }
    del others["neuron_forward"], others["neuron_bptt"]
    notebook = demo.answered({**others, "neuron_forward": stubborn}, only=())
    record = examine(notebook, UNIT, limits=Limits(6, 3), kernel_name="warm")
    points = {v.name: v.points for v in record.verdicts}
    assert points.pop("neuron_forward") == 0
    assert points.pop("neuron_bptt") == 0
    assert sum(points.values()) == 16


def test_a_skip_tag_and_changed_points_count_nothing():
    notebook = demo.answered({"neuron_forward": ZEROS}, only=())
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata["tags"] = ["skip-execution"]
            cell.metadata.nbgrader["points"] = 1000.0
            cell["outputs"] = [nbformat.v4.new_output("execute_result", data={"text/plain": "1000"}, execution_count=1)]
    rebuilt = rebuild_content(RELEASE, "bptt.ipynb", nbformat.writes(notebook).encode())
    record = examine(rebuilt.notebook, UNIT, limits=LIMITS, kernel_name="warm")
    assert (record.points, record.max_points) == (0, 20)


@pytest.fixture(scope="module")
def graded_class(victim):
    """Hostile hand-ins among honest ones, through the whole pipeline."""
    root = victim.root
    hand_in(root, "linked", UNIT, "")
    (root / "submitted/linked/bptt/bptt.ipynb").unlink()
    (root / "submitted/linked/bptt/bptt.ipynb").symlink_to(root / "secret.txt")
    hand_in(root, "linkedfolder", UNIT, "")
    (root / "submitted/linkedfolder/bptt/data.txt").symlink_to(root / "secret.txt")
    script = "<script>document.title = 'stolen'</script>"
    answer = f"def neuron_forward(x, u, w):\n    print({script!r})\n    raise ValueError({script!r})\n"
    notebook = demo.answered({"neuron_forward": answer}, only=())
    notebook.cells.insert(
        0,
        nbformat.v4.new_markdown_cell(
            f"{script}<img src=x onerror=alert(1)> [go](javascript:alert(1)) [on](javascript&#58;alert(1)) [x]\n\n[x]: javascript\\:alert(1)"
        ),
    )
    notebook.cells.insert(1, nbformat.v4.new_code_cell(f"from IPython.display import HTML\nHTML({script!r})"))
    hand_in(root, "scripted", UNIT, as_text(notebook))
    twice = demo.answered({"neuron_forward": ZEROS}, only=())
    twice.cells += [nbformat.from_dict({**c, "id": f"{c.id}-2"}) for c in twice.cells]
    hand_in(root, "doubled", UNIT, as_text(twice))
    list(victim.grade_all(UNIT))
    victim.feedback(UNIT)
    return {row.student: row for row in victim.rows(UNIT)}


def test_every_hand_in_has_a_row_and_the_honest_one_its_points(graded_class):
    points = {student: row.points for student, row in graded_class.items()}
    assert points == {"honest": 20, "linked": 0, "linkedfolder": 0, "scripted": 0, "doubled": 0}


def test_a_link_to_a_secret_is_in_no_output(victim, graded_class):
    for folder in ("autograded", "feedback", "records"):
        for path in (victim.root / folder).rglob("*"):
            assert not path.is_symlink()
            assert not path.is_file() or b"the secret of this machine" not in path.read_bytes(), path
    assert "a link" in graded_class["linked"].events[0]


def test_a_script_in_the_feedback_is_dead(victim, graded_class):
    page = (victim.root / "feedback/scripted/bptt/bptt.html").read_text(encoding="utf-8")
    assert "<script>document.title" not in page
    assert "onerror=" not in page.replace("&lt;img src=x onerror=", "")
    assert 'href="javascript' not in page
    assert "stolen" in page


def test_records_tell_what_happened(victim, graded_class):
    record = json.loads((victim.root / "records/bptt/scripted.json").read_text())
    assert record["unit"] == UNIT
    assert np.isfinite(record["seconds"])
    assert "the cell" in graded_class["doubled"].events[0]

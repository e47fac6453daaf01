"""The kernel in which a student's cells run, with limits, and the way to call the student's functions in it."""

import ast
import asyncio
import base64
import contextlib
import os
import queue
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.resources import files

import nbformat
import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from autograde.grading import responder
from autograde.wire import WireError, pack, unpack

SANDBOXED = ("warm", "bwrap")
RECONNECT_MILLISECONDS = 3
HARMLESS = ("text/plain", "image/png", "image/jpeg")


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes that a hand-in may use."""

    cell_seconds: float = 30
    question_seconds: float = 20
    output_bytes: int = 50_000  # of one cell
    start_seconds: float = 60


class KernelLostError(RuntimeError):
    """The kernel died or overran its time; the message says which, for the student."""


class KernelStartError(RuntimeError):
    """Kernels do not work here: grading must stop, since every hand-in would seem wrong."""


class CappedClient(NotebookClient):
    """A notebook client that stops collecting a cell's output at a number of bytes."""

    output_bytes = Limits.output_bytes
    _spent = 0

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
            room = self.output_bytes - self._spent
            self._spent += len(str(msg["content"]))
            if self._spent > self.output_bytes:
                if msg["msg_type"] != "stream" or room <= 0:
                    return None
                msg["content"]["text"] = msg["content"]["text"][:room]
        return super().process_message(msg, cell, cell_index)

    def begin_cell(self):
        self._spent = 0

    @property
    def capped(self):
        return self._spent > self.output_bytes


class QuickClient(AsyncKernelClient):
    """Is ready when the kernel welcomes it on iopub: from then on no message is missed.

    Without a heartbeat, whose thread would cost a tenth of a second to end: the manager knows whether its kernel lives.
    """

    def start_channels(self, shell=True, iopub=True, stdin=True, hb=False, control=True):
        # We are there before the kernel listens: try again at once, not after ZeroMQ's tenth of a second.
        self.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)
        super().start_channels(shell=shell, iopub=iopub, stdin=stdin, hb=False, control=control)

    async def _async_wait_for_ready(self, timeout=None):
        deadline = time.monotonic() + (timeout or 60)
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                message = await self.get_iopub_msg(timeout=1)
                if message["msg_type"] == "iopub_welcome":
                    return
            if not await self.parent.is_alive():
                raise RuntimeError("the kernel ended at its start")
        raise RuntimeError(f"the kernel was not ready within {timeout} s")

    wait_for_ready = _async_wait_for_ready


def _manager(kernel_name):
    """A kernel manager that finds our sandboxed kernels by name, beside those that are installed."""
    manager = AsyncKernelManager(
        kernel_name=kernel_name, client_class=f"{__name__}.QuickClient", client_factory=QuickClient
    )
    if kernel_name in SANDBOXED:
        manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(files("autograde.sandbox") / "kernels")])
    return manager


class StudentKernel:
    """Runs cells and answers questions in one kernel after another: a lost kernel is replaced by `restart`."""

    def __init__(self, limits=None, kernel_name="python3", cwd=None):
        self.limits, self.kernel_name, self.cwd = limits or Limits(), kernel_name, cwd
        self.client = self.folder = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        manager = _manager(self.kernel_name)
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if self.kernel_name not in SANDBOXED:
            options["env"] = _environment()
            if self.cwd:
                options["cwd"] = self.cwd
            if os.name == "posix":  # sockets in a folder of our own: no port that others on the machine could reach
                self.folder = tempfile.TemporaryDirectory(prefix="kernel-")
                manager.transport, manager.ip = "ipc", f"{self.folder.name}/socket"
                manager.connection_file = f"{self.folder.name}/connection.json"
        client = CappedClient(
            nbformat.v4.new_notebook(),
            manager,
            timeout=self.limits.cell_seconds,
            startup_timeout=self.limits.start_seconds,
            allow_errors=True,
            record_timing=False,
        )
        client.output_bytes = self.limits.output_bytes
        await client.async_start_new_kernel(**options)
        await client.async_start_new_kernel_client()
        self.client = client
        reply = await self._execute(f"import {responder.__name__}")
        if reply.get("status") != "ok":  # before any of the student's code: the fault is ours, not a wrong answer
            await self.stop()
            reason = f"{reply.get('ename')}: {reply.get('evalue')}"
            raise KernelStartError(
                f"a {self.kernel_name} kernel cannot answer ({reason}); try `python -m autograde doctor`"
            )

    async def stop(self):
        """Ends the kernel at once: there is nothing in it to be saved."""
        if self.client is None:
            return
        client, self.client = self.client, None
        if client.km is not None and client.km.has_kernel:
            provisioner = client.km.provisioner  # the manager's own way is polite and waits a tenth of a second
            await provisioner.kill()
            await provisioner.wait()
            await client.km.cleanup_resources()
        if client.kc is not None:
            client.kc.stop_channels()
        if self.folder is not None:
            self.folder.cleanup()

    async def run(self, cell):
        """Execute a code cell and attach its outputs. Raises KernelLostError; a Python error is an output."""
        self.client.begin_cell()
        index = len(self.client.nb.cells)
        self.client.nb.cells.append(cell)
        try:
            await self.client.async_execute_cell(cell, index)
        except CellTimeoutError:
            raise KernelLostError(self._flood() + f"did not finish within {self.limits.cell_seconds:g} s") from None
        except DeadKernelError:
            raise KernelLostError(self._flood() + self._end()) from None
        finally:
            _keep_harmless(cell)
            if self.client.capped:
                text = f"[the output was longer than {self.limits.output_bytes} bytes and ends here]\n"
                cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))

    async def call(self, name, cases):
        """Outcomes (see `drivers.attempt`) of the student's function `name` for all cases. Raises KernelLostError."""
        message = base64.b64encode(pack([(case.inputs, case.driver) for case in cases])).decode()
        respond = f"__import__({responder.__name__!r}, fromlist=['respond']).respond"
        reply = await self._execute("", {"answer": f"{respond}(globals(), {name!r}, {message!r})"})
        answer = reply.get("user_expressions", {}).get("answer", {})
        if answer.get("status") != "ok":
            message = f"{answer.get('ename', 'no answer')}: {str(answer.get('evalue', ''))[:200]}"
            return [{"error": "Error", "message": message, "line": 0, "text": ""}] * len(cases)
        try:
            packed = base64.b64decode(ast.literal_eval(answer["data"]["text/plain"]))
            outcomes = unpack(packed)
        except (WireError, ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
            return [
                {"error": "WireError", "message": f"no readable answer: {error}"[:200], "line": 0, "text": ""}
            ] * len(cases)
        return _checked(outcomes, len(cases))

    def _flood(self):
        """An endless loop that prints is ended for its time or its memory, whichever comes first."""
        return f"printed more than {self.limits.output_bytes} bytes and " if self.client.capped else ""

    def _end(self):
        """What ended the kernel, after "the call" or "the cell": a limit of the sandbox, or the student's own code."""
        return getattr(self.client.km.provisioner, "reason", "") or "ended the Python process"

    async def _execute(self, code, expressions=None):
        """Run code silently; the content of the reply. Raises KernelLostError when none comes in time."""
        client, limit = self.client, self.limits.question_seconds
        sent = client.kc.execute(
            code, silent=True, store_history=False, user_expressions=expressions or {}, allow_stdin=False
        )
        deadline = time.monotonic() + limit
        while True:
            try:
                message = await client.kc.get_shell_msg(timeout=min(0.5, max(0.01, deadline - time.monotonic())))
            except Exception as error:  # queue.Empty, or whatever a broken channel raises
                if not await client.km.is_alive():
                    raise KernelLostError(self._end()) from error
                if time.monotonic() >= deadline:
                    raise KernelLostError(f"did not return within {limit:g} s") from error
                await asyncio.sleep(0)
                continue
            if message["parent_header"].get("msg_id") == sent:
                return message["content"]


def _keep_harmless(cell):
    """Of what a cell displays only text and pictures: HTML and scripts would run in the feedback page."""
    for output in cell.outputs:
        if "data" in output:
            kept = {kind: output.data[kind] for kind in HARMLESS if kind in output.data}
            output.data = nbformat.from_dict(kept or {"text/plain": "[a display without text or picture]"})
            output.metadata = nbformat.from_dict({})


def _checked(outcomes, count):
    """The outcomes with the types that judging relies on; they come from the student's side."""
    if not isinstance(outcomes, list) or len(outcomes) != count:
        return [{"error": "WireError", "message": "no readable answer", "line": 0, "text": ""}] * count
    checked = []
    for outcome in outcomes:
        if isinstance(outcome, dict) and "error" in outcome:
            line = outcome.get("line")
            checked.append(
                {
                    "error": str(outcome["error"])[:60],
                    "message": str(outcome.get("message"))[:300],
                    "line": line if isinstance(line, int) else 0,
                    "text": str(outcome.get("text", ""))[:120],
                    "where": str(outcome.get("where", ""))[:60],
                }
            )
        elif isinstance(outcome, dict) and "value" in outcome and isinstance(outcome.get("mutated"), list):
            mutated = [i for i in outcome["mutated"] if isinstance(i, int) and i >= 0]
            checked.append({"value": outcome["value"], "mutated": mutated})
        else:
            checked.append({"error": "WireError", "message": "no readable answer", "line": 0, "text": ""})
    return checked


def _environment():
    """The environment of a student's kernel: one thread, and nothing that tells of the course's database."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NBGRADER_", "THROUGH_TIME_", "PG"))}
    return {**kept, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONWARNINGS": "ignore"}

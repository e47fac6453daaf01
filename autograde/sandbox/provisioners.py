"""Kernel provisioners of jupyter_client for sandboxed kernels: `bwrap`, a new process each, and `warm`, forked."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from concurrent.futures import Future
from multiprocessing.util import Finalize
from pathlib import Path

from jupyter_client.provisioning import KernelProvisionerBase, LocalProvisioner

from autograde.sandbox import bubblewrap
from autograde.sandbox.limits import Resources

PREFIX = "warm-"  # of the folders of warm processes, in the system's folder for temporary files


class SandboxError(RuntimeError):
    """The sandbox could not be started; the message says what `doctor` would."""


class WarmProcess:
    """A process in bubblewrap from which kernels are forked, for all who connect to `control` in its folder."""

    def __init__(self, resources=None):
        self.resources = resources or Resources()
        _remove_left_over()
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self.folder = self._folder.name
        os.chmod(self.folder, 0o711)
        bubblewrap.own(self.folder)
        with socket.socket(socket.AF_UNIX) as listener, open(f"{self.folder}/log", "wb") as log:
            # Who connects waits until it is ready; when it cannot start, the last listener is closed and they learn it.
            listener.bind(f"{self.folder}/unheard")
            os.chmod(f"{self.folder}/unheard", 0o600)
            listener.listen(128)
            os.rename(f"{self.folder}/unheard", f"{self.folder}/control")
            number = str(listener.fileno())
            inner = [sys.executable, "-m", "autograde.sandbox.warm"]
            inner += [self.folder, json.dumps(self.resources.as_dict()), number]
            self.process = subprocess.Popen(
                bubblewrap.command(inner, self.folder, self.resources),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[listener.fileno()],
                env=bubblewrap.outer_environment(),
                start_new_session=True,
            )
        # in a worker of multiprocessing, too, which runs no atexit functions
        self.close = Finalize(self, _end, (self.process, self._folder), exitpriority=1)

    @property
    def gone(self):
        return self.process.poll() is not None


def _remove_left_over():
    """Folders of processes that were killed: nobody listens there any more."""
    for control in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/control"):
        with socket.socket(socket.AF_UNIX) as visitor:
            try:
                visitor.connect(str(control))
            except ConnectionRefusedError:
                shutil.rmtree(control.parent, ignore_errors=True)
            except OSError:
                continue


def _end(process, folder):
    process.kill()
    process.communicate()  # waits, and closes the pipe
    folder.cleanup()


class WarmPool:
    """A connection to a warm process, and the kernels that were forked through it."""

    def __init__(self, folder):
        self.folder, self.lost = folder, False
        self.reasons = {}  # id of a kernel that was ended -> why, in words
        self._ended, self._lock = {}, threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(ConnectionError):  # `wait_until_ready` says why
            self._socket.connect(f"{folder}/control")
        Finalize(None, self.close, exitpriority=2)  # before a process of our own ends
        self._listener = None

    def wait_until_ready(self):
        """Returns when kernels can be forked. Raises SandboxError when they cannot."""
        if self._listener:
            return
        lines = self._socket.makefile("rb")
        try:
            first = lines.readline()
        except OSError:
            first = b""
        if b"ready" not in first:
            self.lost = True
            lines.close()
            errors = Path(self.folder, "log").read_text(errors="replace").strip().splitlines()
            raise SandboxError(f"the sandbox does not start: {errors[-1] if errors else 'no reason given'}")
        self._listener = threading.Thread(target=self._listen, args=(lines,), daemon=True)
        self._listener.start()

    def _listen(self, lines):
        with lines, contextlib.suppress(OSError):
            for line in lines:
                message = json.loads(line)
                with self._lock:
                    ended = self._ended.pop(message["ended"], None)
                if message.get("reason"):
                    self.reasons[message["ended"]] = message["reason"]
                if ended and not ended.done():
                    ended.set_result(message["status"])
        with self._lock:
            self.lost = True
            for ended in self._ended.values():
                if not ended.done():
                    ended.set_result(-9)

    def send(self, request):
        with contextlib.suppress(ConnectionError):  # then all its kernels have ended
            self._socket.sendall(json.dumps(request).encode() + b"\n")

    def new_kernel_folder(self):
        """(id, path) of a folder that one kernel will see."""
        name = uuid.uuid4().hex[:12]
        path = Path(self.folder) / name
        path.mkdir(mode=0o700)
        bubblewrap.own(path)
        return name, path

    def start(self, name):
        """Fork a kernel; returns the concurrent future of its exit status."""
        ended = Future()
        with self._lock:
            if self.lost:
                ended.set_result(-9)
                return ended
            self._ended[name] = ended
        self.send({"start": name})
        return ended

    def close(self):
        """Leave; kernels that still run are ended."""
        with contextlib.suppress(OSError):  # it may have left us
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._listener:
            self._listener.join()
        self._socket.close()


_process = _pool = None


def warm_process():
    """The warm process that this one has started, which may still be getting ready; a new one if it is gone."""
    global _process
    if _process is None or _process.gone:
        _process = WarmProcess()
    return _process


def join(folder):
    """Let this process fork its kernels from the warm process of another, whose folder it is."""
    global _pool
    _pool = WarmPool(folder)


def warm_pool():
    """The way of this process to its kernels; if it is lost, to a warm process of its own."""
    global _pool
    if _pool is None or _pool.lost:
        _pool = WarmPool(warm_process().folder)
    return _pool


def forget_pool():
    """Ends the warm process, with all its kernels."""
    global _process, _pool
    if _pool is not None:
        _pool.close()
    if _process is not None:
        _process.close()
    _process = _pool = None


class WarmProvisioner(KernelProvisionerBase):
    """A kernel forked from the warm process."""

    ended = None
    name = None
    folder = None
    pool = None

    @property
    def has_process(self):
        return self.ended is not None

    @property
    def reason(self):
        """Why the sandbox ended the kernel, if it did."""
        return self.pool.reasons.get(self.name, "") if self.pool else ""

    async def pre_launch(self, **kwargs):
        self.pool = warm_pool()
        self.pool.wait_until_ready()
        self.name, self.folder = self.pool.new_kernel_folder()
        manager = self.parent
        manager.transport, manager.ip = "ipc", f"{self.folder}/socket"
        manager.connection_file = f"{self.folder}/connection.json"
        manager.write_connection_file()
        bubblewrap.own(manager.connection_file)
        self.connection_info = manager.get_connection_info()
        kwargs.setdefault("cmd", [])
        return await super().pre_launch(cmd=kwargs.pop("cmd"), **kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        self.ended = self.pool.start(self.name)
        return self.connection_info

    async def poll(self):
        if self.ended is None:
            return 0
        return self.ended.result() if self.ended.done() else None

    async def wait(self):
        if self.ended is None:
            return 0
        status = await asyncio.wrap_future(self.ended)
        self.ended = None
        return status

    async def send_signal(self, signum):
        if signum in (9, 15):
            await self.kill()

    async def kill(self, restart=False):
        if self.ended is not None and not self.ended.done():
            self.pool.send({"kill": self.name})

    async def terminate(self, restart=False):
        await self.kill(restart)

    async def cleanup(self, restart=False):
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


class BubblewrapProvisioner(LocalProvisioner):
    """A kernel in a bubblewrapped process of its own: slower to start, and it needs nothing but bubblewrap."""

    shared = None

    async def pre_launch(self, **kwargs):
        self.shared = tempfile.TemporaryDirectory(prefix="bwrap-")
        bubblewrap.own(self.shared.name)
        manager = self.parent
        manager.transport, manager.ip = "ipc", f"{self.shared.name}/socket"
        manager.connection_file = f"{self.shared.name}/connection.json"
        kwargs = await super().pre_launch(**kwargs)
        bubblewrap.own(manager.connection_file)
        inner = [
            sys.executable,
            "-m",
            "autograde.sandbox.alone",
            manager.connection_file,
            json.dumps(Resources().as_dict()),
        ]
        kwargs["cmd"] = bubblewrap.command(inner, self.shared.name)
        kwargs["env"] = bubblewrap.outer_environment()
        return kwargs

    async def cleanup(self, restart=False):
        await super().cleanup(restart)
        if self.shared is not None and not restart:
            self.shared.cleanup()

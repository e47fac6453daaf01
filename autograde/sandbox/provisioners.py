"""Kernel provisioners of jupyter_client for sandboxed kernels: `bwrap`, a new process each, and `warm`, forked."""

import asyncio
import json
import os
import shutil
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


class SandboxError(RuntimeError):
    """The sandbox could not be started; the message says what `doctor` would."""


class WarmPool:
    """One zygote in bubblewrap, and the kernels forked from it."""

    def __init__(self, resources=None):
        self.resources = resources or Resources()
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.folder = self._folder.name
        os.chmod(self.folder, 0o711)
        bubblewrap.own(self.folder)
        self._ended, self._lock = {}, threading.Lock()
        self.reasons = {}  # id of a kernel that was ended -> why, in words
        inner = [sys.executable, "-m", "autograde.sandbox.warm", self.folder, json.dumps(self.resources.as_dict())]
        self.process = subprocess.Popen(
            bubblewrap.command(inner, self.folder, self.resources),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=bubblewrap.outer_environment(),
            start_new_session=True,
        )
        self._ready = False
        Finalize(
            None, self.close, exitpriority=1
        )  # in a worker of multiprocessing, too, which runs no atexit functions

    def wait_until_ready(self):
        """Returns when kernels can be forked. Raises SandboxError when they cannot."""
        if self._ready:
            return
        first = self.process.stdout.readline()
        if b"ready" not in first:
            self.process.kill()
            error = self.process.stderr.read().decode("utf-8", "replace").strip().splitlines()
            raise SandboxError(f"the sandbox does not start: {error[-1] if error else 'no reason given'}")
        self._ready = True
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "ended" in message:
                with self._lock:
                    ended = self._ended.pop(message["ended"], None)
                if message.get("reason"):
                    self.reasons[message["ended"]] = message["reason"]
                if ended and not ended.done():
                    ended.set_result(message["status"])
        with self._lock:
            for ended in self._ended.values():
                if not ended.done():
                    ended.set_result(-9)

    def send(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

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
            self._ended[name] = ended
        self.send({"start": name})
        return ended

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._folder.cleanup()


_pool = None


def warm_pool():
    """The zygote of this process, which may still be getting ready; a new one if it is gone."""
    global _pool
    if _pool is None or _pool.process.poll() is not None:
        _pool = WarmPool()
    return _pool


def forget_pool():
    """Ends the zygote, with all its kernels."""
    global _pool
    if _pool is not None:
        _pool.close()
        _pool = None


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

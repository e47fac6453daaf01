"""The process that warm kernels are forked from. Runs inside bubblewrap:
`python -m autograde.sandbox.warm FOLDER RESOURCES LISTENER`.

It has imported what kernels need, and holds no reference, no secret and no way out. Each process that grades connects
to the socket LISTENER, sends one JSON request a line ({"start": id} or {"kill": id}) and gets one reply a line
({"ready": pid}, {"ended": id, "status": n, "reason": text}). Whoever leaves takes his kernels along; at the end of
standard input it ends, with all of them.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass

from jupyter_client.connect import write_connection_file
from traitlets.config import Config

from autograde import checks
from autograde.sandbox import confine
from autograde.sandbox.bubblewrap import python_folders
from autograde.sandbox.limits import Resources

# What exercise notebooks import; what a kernel imports at its start is found by a rehearsal.
PREPARED = (
    "numpy", "numpy.random", "torch", "matplotlib", "ipykernel.kernelapp", "autograde.grading.responder",
    *(module.name for module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}.")),
)  # fmt: skip
TICK = 0.1  # seconds between two looks at memory


@dataclass(frozen=True)
class Kernel:
    """A running kernel, and who asked for it."""

    name: str
    client: socket.socket


class Zygote:
    """Forks kernels, watches what memory they use, and reports the end of each."""

    def __init__(self, folder, resources, listener):
        self.folder, self.resources, self.listener = folder, resources, listener
        self.clients = {}  # socket of a grading process -> what it has sent of a line that is not complete
        self.kernels = {}  # pid of the keeper process -> Kernel
        self.reasons = {}  # pid of a keeper that was killed -> why, in words

    def serve(self):
        last = 0.0
        ended, wake = os.pipe()  # the end of a kernel is told at once, not at the next tick
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            sources = [0, ended, self.listener, *self.clients]
            for source in select.select(sources, [], [], TICK if self.kernels else None)[0]:
                if source == 0:
                    if not os.read(0, 4096):
                        return  # whoever started us is gone; bubblewrap takes the kernels along
                elif source == ended:
                    os.read(ended, 4096)
                elif source is self.listener:
                    client, _ = self.listener.accept()
                    self.clients[client] = b""
                    _say(client, {"ready": os.getpid()})
                else:
                    self._listen(source)
            self._reap()
            if time.monotonic() - last > TICK:
                self._watch_memory()
                last = time.monotonic()

    def _listen(self, client):
        try:
            data = client.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            del self.clients[client]
            client.close()
            for pid in [pid for pid, kernel in self.kernels.items() if kernel.client is client]:
                os.kill(pid, signal.SIGKILL)
            return
        *lines, self.clients[client] = (self.clients[client] + data).split(b"\n")
        for line in lines:
            self._handle(client, json.loads(line))

    def _handle(self, client, request):
        if "start" in request:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                self._keep(request["start"])
            self.kernels[pid] = Kernel(request["start"], client)
        elif "kill" in request:
            for pid, kernel in self.kernels.items():
                if kernel.name == request["kill"]:
                    os.kill(pid, signal.SIGKILL)

    def _keep(self, name):
        """In the child: build the inner wall, fork the kernel as its first process, and end when it ends."""
        status = 1
        try:
            os.setsid()
            confine.die_with_parent()
            own = os.path.join(self.folder, name)
            log = os.open(os.path.join(own, "log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            confine.new_namespaces()
            pid = os.fork()
            if pid == 0:
                self._become_kernel(own)
            _, waited = os.waitpid(pid, 0)
            status = os.waitstatus_to_exitcode(waited)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status & 0xFF)

    def _become_kernel(self, own):
        status = 1
        try:
            confine.die_with_parent()
            below_tmp = [f for f in python_folders() if f.is_relative_to("/tmp")]
            confine.private_files(own, self.folder, self.resources.disk_bytes, below_tmp)
            confine.loopback_up()
            confine.limits(self.resources)
            confine.no_privileges()
            confine.landlocked(["/tmp", "/dev/shm", "/dev/null", "/dev/pts", own])
            confine.filtered_calls()
            os.chdir("/tmp")
            # Standard output belongs to the kernel's log; nothing of the zygote's own channel stays open.
            os.closerange(3, 2**16)
            status = run_kernel(os.path.join(own, "connection.json"))
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _reap(self):
        while self.kernels:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            kernel = self.kernels.pop(pid, None)
            if kernel is not None and kernel.client in self.clients:
                code = os.waitstatus_to_exitcode(status)
                _say(kernel.client, {"ended": kernel.name, "status": code, "reason": self.reasons.pop(pid, "")})

    def _watch_memory(self):
        """Ends a kernel whose processes together hold more memory than allowed."""
        used, parent = {}, {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as file:
                        parent[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
                    with open(f"/proc/{entry}/statm") as file:
                        resident, shared = map(int, file.read().split()[1:3])
                except (OSError, IndexError, ValueError):
                    continue
                used[int(entry)] = (resident - shared) * os.sysconf("SC_PAGE_SIZE")
        total = dict.fromkeys(self.kernels, 0)
        for pid, size in used.items():
            ancestor = pid
            while ancestor > 1 and ancestor not in total:
                ancestor = parent.get(ancestor, 0)
            if ancestor in total:
                total[ancestor] += size
        for pid, size in total.items():
            if size > self.resources.memory_bytes:
                self.reasons[pid] = f"used more than {self.resources.memory_bytes / 2**30:g} GB of memory"
                os.kill(pid, signal.SIGKILL)


def run_kernel(connection_file):
    """Become an IPython kernel until the client is done with it."""
    started(connection_file).start()
    return 0


def started(connection_file):
    """An IPython kernel that listens where the connection file says."""
    from ipykernel.kernelapp import IPKernelApp

    class KernelApp(IPKernelApp):
        def parse_command_line(self, argv=None):
            """There is none, and the parser for all its options would take a sixth of a kernel's start."""

    config = Config({"HistoryManager": {"enabled": False}})
    app = KernelApp.instance(connection_file=connection_file, config=config)
    app.initialize()
    return app


def rehearsed(folder):
    """Names of the modules that a kernel imports between its start and the end of its first cell.

    A child starts one and is gone: nothing of it stays but these names.
    """
    report, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            connection_file = os.path.join(folder, "rehearsal.json")
            write_connection_file(connection_file, transport="ipc", ip=os.path.join(folder, "rehearsal"))
            known = set(sys.modules)
            kernel = started(connection_file).kernel
            kernel.shell.run_cell("import autograde.grading.responder", silent=True)
            os.write(told, json.dumps(sorted(set(sys.modules) - known)).encode())
        finally:
            os._exit(0)
    os.close(told)
    with open(report, "rb") as file:
        names = file.read()
    os.waitpid(pid, 0)
    return json.loads(names or b"[]")


def _say(client, message):
    with contextlib.suppress(ConnectionError):  # it has left; its socket will tell
        client.sendall(json.dumps(message).encode() + b"\n")


def main(folder, resources, listener):
    confine.become_nobody()
    for name in PREPARED:
        importlib.import_module(name)
    for name in rehearsed(folder):
        with contextlib.suppress(Exception):  # a name that no import statement knows
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # the forked kernels share these objects; a collection would copy their pages
    Zygote(folder, resources, listener).serve()


if __name__ == "__main__":
    main(sys.argv[1], Resources(**json.loads(sys.argv[2])), socket.socket(fileno=int(sys.argv[3])))

"""What this machine offers for sandboxed grading, what is missing, and the command that installs it."""

import ctypes.util
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache

from autograde.sandbox import bubblewrap


class NoSandboxError(RuntimeError):
    """Hand-ins must not run on this machine; the message says what to install."""


@dataclass(frozen=True)
class Item:
    """One thing that the sandbox needs."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine_machine():
    """All items, in the order in which they build on each other."""
    linux = sys.platform == "linux"
    items = [Item("Linux", linux, sys.platform, "" if linux else "grade on Linux, or in a Linux container or VM")]
    if not linux:
        return items
    found = bubblewrap.find()
    items.append(Item("bubblewrap", bool(found), found or "not found", "sudo apt-get install bubblewrap"))
    items.append(_runs(found))
    for module, package in (("pyseccomp", "pyseccomp"), ("landlock", "landlock")):
        there = importlib.util.find_spec(module) is not None
        items.append(
            Item(f"Python package {package}", there, "installed" if there else "missing", f"pip install {package}")
        )
    library = ctypes.util.find_library("seccomp")
    items.append(Item("libseccomp", bool(library), library or "not found", "sudo apt-get install libseccomp2"))
    items.append(_landlock())
    return items


def _runs(found):
    if not found:
        return Item("namespaces", False, "not tried without bubblewrap")
    with tempfile.TemporaryDirectory() as folder:
        inner = [sys.executable, "-c", "import numpy, ipykernel, autograde.grading.responder"]
        command = bubblewrap.command(inner, folder)
        done = subprocess.run(command, env=bubblewrap.outer_environment(), capture_output=True, text=True, timeout=30)
    remedy = "sudo sysctl kernel.unprivileged_userns_clone=1; in a container, start it so that it may make namespaces"
    detail = "work" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["refused"])[-1]
    return Item("namespaces", done.returncode == 0, detail, remedy)


def _landlock():
    try:
        import landlock

        ctypes.set_errno(0)
        version = landlock.landlock_abi_version()
    except Exception as error:  # an old kernel, a missing package: each raises its own
        return Item(
            "Landlock",
            False,
            str(error).splitlines()[0][:80],
            "Linux 5.13 or later with Landlock enabled (lsm=landlock,...)",
        )
    return Item("Landlock", version >= 1, f"version {version}")


@lru_cache(maxsize=1)
def best_kernel():
    """The kernel to run hand-ins in, `warm`, or None when the sandbox is not complete."""
    return "warm" if all(item.ok for item in examine_machine()) else None


def require_sandbox():
    """The name of the sandboxed kernel. Raises NoSandboxError with what to do."""
    kernel = best_kernel()
    if kernel is None:
        missing = "; ".join(f"{i.name}: {i.detail}. {i.remedy}".strip() for i in examine_machine() if not i.ok)
        raise NoSandboxError(
            f"hand-ins are not run without a sandbox. Missing: {missing}. `python -m autograde doctor` says more. "
            "If you trust every hand-in, --trust-submissions grades without."
        )
    return kernel


def user():
    """Who the grader is, for the report of `doctor`."""
    return "root (kernels run as nobody)" if os.geteuid() == 0 else f"user {os.geteuid()}"

"""The outer wall: what a bubblewrapped process sees of the machine."""

import os
import shutil
import site
import sys
from pathlib import Path

import autograde
from autograde.sandbox.limits import NOBODY, Resources, environment

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
# The loader's cache and the time zone; no passwords, no host names, no keys.
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/alternatives")


def python_folders():
    """The interpreter, its packages, and our own package without the rest of the repository, read-only."""
    folders = {Path(sys.base_prefix), Path(sys.prefix), *map(Path, site.getsitepackages())}
    folders.add(Path(os.path.realpath(sys.executable)).parent)
    folders.add(Path(autograde.__file__).parent)
    folders = {folder.resolve() for folder in folders if folder.exists()} | {Path(sys.prefix)}
    return sorted(f for f in folders if not any(f != other and f.is_relative_to(other) for other in folders))


def find():
    """The path of bubblewrap, or None."""
    return shutil.which("bwrap")


def command(inner, writable, resources=None):
    """The bubblewrap command line for the command `inner`; `writable` is the one folder that it shares with us."""
    resources = resources or Resources()
    line = [find() or "bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-net"]
    line += ["--unshare-uts", "--hostname", "hand-in"]
    if os.geteuid() != 0:  # root needs no user namespace, and gives up being root inside (see `become_nobody`)
        line += ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    else:
        line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    for folder in SYSTEM:
        path = Path(folder)
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), folder]
        elif path.is_dir():
            line += ["--ro-bind", folder, folder]
    for name in SYSTEM_FILES:
        line += ["--ro-bind-try", name, name]
    line += ["--proc", "/proc", "--dev", "/dev"]
    line += ["--size", str(resources.disk_bytes), "--perms", "1777", "--tmpfs", "/tmp"]
    line += ["--size", str(resources.disk_bytes), "--perms", "1777", "--tmpfs", "/dev/shm"]
    # after /tmp, since the course itself may stand below it
    folders = [f for f in python_folders() if not any(f.is_relative_to(system) for system in SYSTEM)]
    for parent in _parents([*folders, Path(writable)]):
        line += ["--perms", "0755", "--dir", str(parent)]  # bubblewrap itself would close them to all but root
    for folder in folders:
        line += ["--ro-bind", str(folder), str(folder)]
    line += ["--bind", str(writable), str(writable), "--chdir", "/tmp", "--"]
    return [*line, *inner]


def _parents(folders):
    """All folders above the given ones, from the top, without the root and /tmp."""
    above = {parent for folder in folders for parent in folder.parents}
    return sorted(above - {Path("/"), Path("/tmp")}, key=lambda path: len(path.parts))


def outer_environment():
    """The environment of bubblewrap itself, which the processes inside can read in /proc/1/environ."""
    return environment()


def own(folder):
    """Lets the unprivileged user that runs inside use the shared folder, when we are root."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)

"""The inner wall: what a process gives up for good before a student's code runs in it. Linux only.

Namespaces of its own inside bubblewrap's (users, mounts, processes, IPC, network), limits, no capabilities, Landlock
and seccomp. Every step raises OSError when the kernel refuses it: a wall with a hole is no wall.
"""

import ctypes
import errno
import fcntl
import os
import resource
import socket
import struct
from pathlib import Path

import landlock
import pyseccomp as seccomp

from autograde.sandbox.limits import NOBODY

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 1, 24, 38, 4
LINUX_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)

# Calls that a student's program never needs and that reach out of a process, or into the kernel's rarer parts.
REFUSED_CALLS = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
    *("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "mount_setattr"),
    *("fsopen", "fsmount", "fsconfig", "fspick", "unshare", "setns"),
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("keyctl", "add_key", "request_key"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff"),
    *("settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "syslog"),
    *("acct", "quotactl", "name_to_handle_at", "open_by_handle_at", "mknod", "mknodat"),
)


def _call(name, *args):
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def become_nobody():
    """Give up root, when we are root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # after a change of user the kernel marks a process as not dumpable, and its /proc entries belong to root
        _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)


def new_namespaces():
    """Users, mounts, processes (from the next fork on), IPC, network and host name of our own."""
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def private_files(own, shared, disk_bytes, below_tmp=()):
    """A fresh /tmp, nothing of /proc, and of the folder `shared` only the folder `own` in it.

    below_tmp are folders under /tmp that must stay: a Python that is installed there.
    """
    _mount("none", "/", "none", MS_REC | MS_PRIVATE)
    _tmpfs("/dev/shm", disk_bytes)
    kept = {}  # a second way to each folder while what is above it is covered
    for number, folder in enumerate([own, *below_tmp]):
        kept[folder] = Path(f"/dev/shm/{number}")
        kept[folder].mkdir()
        _mount(folder, kept[folder], "none", MS_BIND)
    _tmpfs("/tmp", disk_bytes)
    if not Path(shared).is_relative_to("/tmp"):
        _tmpfs(shared, 2**20)
    for folder, way in kept.items():
        Path(folder).mkdir(parents=True, exist_ok=True)
        _mount(way, folder, "none", MS_BIND)
        _call("umount2", os.fsencode(way), MNT_DETACH)
        way.rmdir()
    _tmpfs("/proc", 2**12)
    # terminals of its own, which IPython's `!command` needs
    _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")


def _mount(source, target, kind, flags, options=""):
    _call("mount", os.fsencode(str(source)), os.fsencode(str(target)), kind.encode(), flags, options.encode())


def _tmpfs(target, size):
    _mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},mode=0777")


def loopback_up():
    """ipykernel joins two of its threads through a loopback socket; the network namespace has nothing else."""
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def limits(resources):
    """Resource limits, soft and hard, and no core dumps."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, resources.address_bytes),
        (resource.RLIMIT_NPROC, resources.processes),
        (resource.RLIMIT_CPU, resources.cpu_seconds),
        (resource.RLIMIT_FSIZE, resources.file_bytes),
        (resource.RLIMIT_NOFILE, resources.open_files),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _, ceiling = resource.getrlimit(what)
        most = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
        resource.setrlimit(what, (most, most))


def no_privileges():
    """No capabilities, none to be gained."""
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 and ctypes.get_errno() == errno.EINVAL:
            break
    header = struct.pack("Ii", LINUX_CAPABILITY_VERSION_3, 0)
    _call("capset", header, struct.pack("6I", *[0] * 6))


def landlocked(writable, readable=("/",)):
    """Landlock: everything may be read (bubblewrap decides what there is), only the writable folders written."""
    ctypes.set_errno(0)  # the package takes what an earlier call left there for its own failure
    rules = landlock.Ruleset()
    read = landlock.FSAccess.EXECUTE | landlock.FSAccess.READ_FILE | landlock.FSAccess.READ_DIR
    for path in readable:
        rules.allow(path, rules=read)
    for path in writable:
        rules.allow(path, rules=landlock.FSAccess.all() if os.path.isdir(path) else landlock.FSAccess.all_file())
    rules.apply()


def filtered_calls():
    """seccomp: the refused calls fail with EPERM; so do new namespaces through clone and exotic sockets.

    AF_UNIX and AF_INET stay: the network namespace holds nothing but its own loopback.
    """
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in REFUSED_CALLS:
        try:
            filter_.add_rule(refuse, name)
        except (ValueError, OSError, RuntimeError):
            continue  # a call that this architecture or this libseccomp does not know
    for flag in (CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET):
        filter_.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    filter_.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags are behind a pointer; libc falls back to clone
    for family in range(3, 46):
        if family == socket.AF_NETLINK:  # zmq asks it for the addresses of the loopback; it is the namespace's own
            continue
        filter_.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.EQ, family))
    filter_.load()


def die_with_parent():
    """The kernel ends this process when its parent ends."""
    _call("prctl", PR_SET_PDEATHSIG, 9, 0, 0, 0)

"""What a sandboxed hand-in may use, beside the times in `grading.kernel.Limits`."""

import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Resources:
    """Limits of one kernel with all its processes."""

    memory_bytes: int = 4 * 2**30  # of all processes together, watched every tenth of a second
    address_bytes: int = 24 * 2**30  # of one process; torch maps some GB that it never touches
    processes: int = 64
    cpu_seconds: int = 900
    file_bytes: int = 64 * 2**20  # one file
    disk_bytes: int = 256 * 2**20  # the private /tmp, which is memory
    open_files: int = 512

    def as_dict(self):
        return asdict(self)


# Nobody, and who a kernel is when the grader is root: limits on processes do not hold for root.
NOBODY = 65534


def environment():
    """The whole environment of a sandboxed process: nothing is inherited."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/.matplotlib",
        "IPYTHONDIR": "/tmp/.ipython",
        "JUPYTER_CONFIG_DIR": "/tmp/.jupyter",
        "JUPYTER_DATA_DIR": "/tmp/.jupyter",
        "JUPYTER_RUNTIME_DIR": "/tmp/.jupyter",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        **{name: os.environ.get(name, "1") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")},
    }

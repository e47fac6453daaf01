"""A kernel of its own inside bubblewrap: `python -m autograde.sandbox.alone CONNECTION_FILE RESOURCES`."""

import json
import os
import sys

from autograde.sandbox import confine
from autograde.sandbox.limits import Resources
from autograde.sandbox.warm import run_kernel

if __name__ == "__main__":
    connection_file, resources = sys.argv[1], Resources(**json.loads(sys.argv[2]))
    # ipykernel would watch for the loss of a parent that this namespace does not have; bubblewrap sees to it.
    os.environ.pop("JPY_PARENT_PID", None)
    confine.become_nobody()
    confine.limits(resources)
    confine.no_privileges()
    confine.landlocked(["/tmp", "/dev/shm", "/dev/null", "/dev/pts", os.path.dirname(connection_file)])
    confine.filtered_calls()
    run_kernel(connection_file)

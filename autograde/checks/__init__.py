"""One module per unit; in a notebook: `from autograde.checks import bptt as check`."""

"""`python -m autograde`."""

from autograde.cli import main

main(prog_name="python -m autograde")

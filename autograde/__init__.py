"""Checks, release and grading for the course *Through Time*."""

__version__ = "0.1.0"

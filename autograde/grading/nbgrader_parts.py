"""Our two places in nbgrader's pipeline: a hand-in is rebuilt where nbgrader reads it, examined where it executes it.

Everything else (gradebook, scores, feedback, formgrader) is nbgrader's own. `course.course_config` puts them in.
"""

import os
import re
from pathlib import Path

import nbformat
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Integer, Unicode

from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.grading.rebuild import rebuild
from autograde.grading.records import write_record
from autograde.sandbox.doctor import require_sandbox

# Hand-ins that were examined elsewhere (in parallel, on a cluster) and wait to be recorded: (unit, student) -> Result.
EXAMINED = {}
LISTED = re.compile(r'(<a href="#check-(\w+)">)Test cell</a>')


def _converter(configurable):
    """nbgrader's converter above an exporter or a preprocessor."""
    while not hasattr(configurable, "coursedir"):
        configurable = configurable.parent
    return configurable


class RebuildingExporter(NotebookExporter):
    """Reads a submitted notebook by rebuilding it on the release; reads everything else as usual."""

    def from_filename(self, filename, resources=None, **kwargs):
        converter = _converter(self)
        if not getattr(converter, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kwargs)
        mark, coursedir = resources["nbgrader"], converter.coursedir
        resources.setdefault("metadata", {})["name"] = mark["notebook"]
        examined = EXAMINED.get((mark["assignment"], mark["student"]))
        if examined:
            return self.from_notebook_node(examined.as_notebook(), resources=resources, **kwargs)
        name = f"{mark['notebook']}.ipynb"
        released = Path(coursedir.format_path(coursedir.release_directory, ".", mark["assignment"])) / name
        rebuilt = rebuild(nbformat.read(released, as_version=4), filename)
        for note in rebuilt.notes:
            self.log.warning("%s/%s", mark["student"], note)
        rebuilt.notebook.metadata.setdefault("through_time", {})["notes"] = rebuilt.notes
        return self.from_notebook_node(rebuilt.notebook, resources=resources, **kwargs)


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page, whose list of scores names the questions."""

    def from_notebook_node(self, nb, resources=None, **kwargs):
        page, resources = super().from_notebook_node(nb, resources=resources, **kwargs)
        return LISTED.sub(r"\1\2</a>", page), resources


class Examination(NbGraderPreprocessor):
    """Takes the place of nbgrader's Execute: student's cells run in a kernel, questions are judged here."""

    kernel_name = Unicode("", help="The kernel in which hand-ins run: warm, bwrap, or python3 (no sandbox).").tag(
        config=True
    )
    cell_seconds = Float(Limits.cell_seconds, help="Time limit of one cell of a hand-in.").tag(config=True)
    question_seconds = Float(Limits.question_seconds, help="Time limit of all cases of a question.").tag(config=True)
    output_bytes = Integer(Limits.output_bytes, help="Bytes of output that are kept of one cell.").tag(config=True)

    def preprocess(self, nb, resources):
        mark = resources["nbgrader"]
        examined = EXAMINED.get((mark["assignment"], mark["student"]))
        if examined:
            return examined.as_notebook(), resources
        limits = Limits(self.cell_seconds, self.question_seconds, self.output_bytes)
        record = examine(nb, mark["assignment"], limits=limits, kernel_name=self.kernel_name or sandbox())
        record.events[:0] = nb.metadata.get("through_time", {}).get("notes", [])
        write_record(_converter(self).coursedir.root, mark["assignment"], mark["student"], record.as_dict())
        return nb, resources


def sandbox():
    """The kernel for hand-ins of plain nbgrader: sandboxed, unless the environment says that they are trusted."""
    if os.environ.get("THROUGH_TIME_TRUST_SUBMISSIONS") == "1":
        return "python3"
    return require_sandbox()

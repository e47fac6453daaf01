"""Our two places in nbgrader's pipeline: a hand-in is rebuilt where nbgrader reads it, examined where it executes it.

Everything else (gradebook, scores, feedback, formgrader) is nbgrader's own. `course.course_config` puts them in.
"""

import json
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Integer, Unicode

from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.grading.rebuild import rebuild


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
        unit = resources["nbgrader"]["assignment"]
        coursedir = converter.coursedir
        name = f"{resources['nbgrader']['notebook']}.ipynb"
        released = Path(coursedir.format_path(coursedir.release_directory, ".", unit)) / name
        rebuilt = rebuild(nbformat.read(released, as_version=4), filename)
        for note in rebuilt.notes:
            self.log.warning("%s/%s", resources["nbgrader"]["student"], note)
        rebuilt.notebook.metadata.setdefault("through_time", {})["notes"] = rebuilt.notes
        resources.setdefault("metadata", {})["name"] = resources["nbgrader"]["notebook"]
        return self.from_notebook_node(rebuilt.notebook, resources=resources, **kwargs)


class Examination(NbGraderPreprocessor):
    """Takes the place of nbgrader's Execute: student's cells run in a kernel, questions are judged here."""

    kernel_name = Unicode("python3", help="The kernelspec in which hand-ins run.").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="Time limit of one cell of a hand-in.").tag(config=True)
    question_seconds = Float(Limits.question_seconds, help="Time limit of all cases of a question.").tag(config=True)
    output_bytes = Integer(Limits.output_bytes, help="Bytes of output that are kept of one cell.").tag(config=True)

    def preprocess(self, nb, resources):
        mark = resources["nbgrader"]
        limits = Limits(self.cell_seconds, self.question_seconds, self.output_bytes)
        record = examine(nb, mark["assignment"], limits=limits, kernel_name=self.kernel_name)
        record.events[:0] = nb.metadata.get("through_time", {}).get("notes", [])
        path = record_path(_converter(self).coursedir.root, mark["assignment"], mark["student"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"student": mark["student"], **record.as_dict()}, indent=1), encoding="utf-8")
        return nb, resources


def record_path(root, unit, student):
    """The JSON record of one graded hand-in: seed, verdicts, events, version, time."""
    return Path(root) / "records" / unit / f"{student}.json"

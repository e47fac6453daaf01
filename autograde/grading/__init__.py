"""Grading of hand-ins: rebuild, run the student's cells, judge here, record in nbgrader's gradebook."""

import sys

# Reading notebooks imports jsonschema, which for this module would compile a grammar of web addresses for a second.
# It does without when there is none, and no notebook's schema asks for it.
sys.modules.setdefault("rfc3987_syntax", None)

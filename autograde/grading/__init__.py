"""Grading of hand-ins: rebuild, run the student's cells, judge here, record in nbgrader's gradebook."""

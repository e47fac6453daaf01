"""Examination of many hand-ins at a time, by any executor of the shape of `concurrent.futures`.

A job and its result are plain data, so that they travel to a process or to a machine of a cluster. Only the process
that submits them writes to the gradebook.
"""

import gc
import hashlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, CancelledError, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_any

import nbformat

from autograde.grading.examine import Record, examine, zero
from autograde.grading.kernel import KernelStartError, Limits
from autograde.grading.rebuild import UnreadableError, blank, read_hand_in, rebuild_content
from autograde.sandbox.provisioners import join, warm_process

TRIES = 2  # of a hand-in whose worker is lost, before it is left for a person
AHEAD = 4  # jobs in flight for each worker: enough to keep it busy, few enough for flat memory


@dataclass(frozen=True)
class Job:
    """One hand-in to be examined."""

    unit: str
    student: str
    name: str
    content: bytes | None  # None when it could not be read
    unreadable: str
    release: str
    seed: int
    limits: Limits
    kernel_name: str


@dataclass(frozen=True)
class Result:
    """An examined hand-in: its notebook with verdicts, and the record."""

    unit: str
    student: str
    notebook: str
    record: dict

    def as_notebook(self):
        return nbformat.reads(self.notebook, as_version=4)


def job_for(path, unit, student, release, seed, limits, kernel_name):
    """The job of a submitted file, whatever it is."""
    try:
        content, reason = read_hand_in(path), ""
    except UnreadableError as error:
        content, reason = None, str(error)
    return Job(unit, student, path.name, content, reason, release, seed, limits, kernel_name)


def fingerprint(job):
    """What a hand-in and its release are, to tell whether a record still speaks of them."""
    digest = hashlib.sha256(job.content if job.content is not None else job.unreadable.encode())
    digest.update(job.release.encode())
    return digest.hexdigest()


def run_job(job):
    """Rebuild and examine; runs in a worker. Never raises for anything that a hand-in does."""
    release = nbformat.reads(job.release, as_version=4)
    if job.content is None:
        rebuilt = blank(release, job.name, job.unreadable)
    else:
        rebuilt = rebuild_content(release, job.name, job.content)
    if rebuilt.unreadable:
        record = Record(job.unit, job.seed)
        zero(rebuilt.notebook, record, rebuilt.unreadable)
    else:
        record = examine(rebuilt.notebook, job.unit, seed=job.seed, limits=job.limits, kernel_name=job.kernel_name)
    record.events[:0] = rebuilt.notes
    text = nbformat.writes(rebuilt.notebook)
    return Result(job.unit, job.student, text, {**record.as_dict(), "hand_in": fingerprint(job)})


def abandoned(job, reason):
    """The result of a hand-in that took its worker down: a row with 0 points that asks for a person."""
    release = nbformat.reads(job.release, as_version=4)
    rebuilt = blank(release, job.name, f"{reason} It needs a person.")
    record = Record(job.unit, job.seed, events=rebuilt.notes)
    zero(rebuilt.notebook, record, reason)
    return Result(
        job.unit, job.student, nbformat.writes(rebuilt.notebook), {**record.as_dict(), "hand_in": fingerprint(job)}
    )


def local_executor(workers, kernel_name):
    """Processes on this machine, forked from one that has imported what they need and holds nothing of ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "torch"])
    warm = warm_process().folder if kernel_name == "warm" else None
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(warm,))


def _begin(warm):
    """In a worker that has just been forked; warm is the folder of the process from which kernels are forked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that was asked to grade; it ends us
    gc.freeze()  # what it shares with the others stays shared, and no collection goes through it again
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if warm:
        join(warm)  # it gets ready while the first hand-in is rebuilt and its expected values are computed


def _end_with_parent():
    """A worker whose run was killed would wait for work for ever."""
    wait_for_any([multiprocessing.parent_process().sentinel])
    os._exit(1)


def dask_executor(address):
    """The workers of a running Dask cluster, in the shape of `concurrent.futures`."""
    from distributed import Client

    return Client(address, set_as_default=False).get_executor(retries=0)


def cores():
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(jobs, make_executor, workers):
    """Results of the jobs as they come, in no order. A lost worker costs a retry, then only its own hand-in.

    jobs is an iterable that is read as workers become free.
    """
    jobs, executor = iter(jobs), make_executor()
    waiting, tries = {}, {}
    suspects = []  # hand-ins that were in flight when a worker was lost: run one at a time to tell which it was
    exhausted = False
    try:
        while True:
            while not exhausted and not suspects and len(waiting) < AHEAD * workers:
                job = next(jobs, None)
                if job is None:
                    exhausted = True
                    break
                waiting[executor.submit(run_job, job)] = job
            if suspects and not waiting:
                job = suspects.pop()
                waiting[executor.submit(run_job, job)] = job
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            lost = []
            for future in done:
                job = waiting.pop(future)
                try:
                    yield future.result()
                except KernelStartError:
                    raise
                except Exception as error:
                    if not _is_loss(error):
                        yield abandoned(job, f"the examination failed ({type(error).__name__}: {str(error)[:200]}).")
                        continue
                    lost.append(job)
            if lost:
                alone = len(lost) + len(waiting) == 1
                lost += waiting.values()
                waiting.clear()
                _stop(executor, at_once=True)
                executor = make_executor()
                for job in lost:
                    tries[job.student] = tries.get(job.student, 0) + 1
                    if alone and tries[job.student] > TRIES:
                        yield abandoned(job, "the worker that examined it ended, several times.")
                    else:
                        suspects.append(job)
    finally:
        _stop(executor, at_once=bool(waiting))


def _stop(executor, at_once):
    """End an executor; at_once with what it still runs, which may be a hand-in that never ends."""
    if isinstance(executor, ProcessPoolExecutor):
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children() if at_once else ():
            worker.kill()
    else:
        executor.shutdown(wait=False)


def _is_loss(error):
    """Whether the worker was lost, rather than the work wrong."""
    return isinstance(error, (BrokenProcessPool, CancelledError)) or type(error).__name__ in (
        "KilledWorker",
        "CommClosedError",
    )

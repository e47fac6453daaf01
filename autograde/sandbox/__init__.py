"""Sandboxed kernels: bubblewrap outside, and for speed kernels forked from a process that has imported everything.

`bwrap` is the portable one (a new process for each kernel); `warm` forks. Both are kernel provisioners of
jupyter_client, chosen by a kernelspec in `kernels/`.
"""

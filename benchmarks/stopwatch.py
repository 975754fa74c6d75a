"""Runs one command to its end and writes down what it took.

A small process of its own: until a child has become its program, the peak of its memory is that of whoever started it.
"""

import json
import os
import sys
import time

report, *command = sys.argv[1:]
began = time.monotonic()
_, status, used = os.wait4(os.posix_spawn(command[0], command, os.environ), 0)
seconds = time.monotonic() - began
with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123  importing pathlib would cost what is saved here
    json.dump(
        {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": seconds,
            "cpu": used.ru_utime + used.ru_stime,
            "peak": used.ru_maxrss / 1024,
        },
        file,
    )

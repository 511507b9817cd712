"""Work that fills a machine for minutes steps back behind what is waited for."""

import os
import threading

#: The least share there is: what wakes up to answer takes the processor at once.
NICENESS = 19


def step_back() -> None:
    """Let whoever answers people and institutions go first on a busy machine: this thread gives way, and so do the threads
    and children it starts from now on. A batch takes minutes of every core; an answer takes a millisecond of one.
    """
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

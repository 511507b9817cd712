"""Work that steps back gives way with everything it starts."""

import os
import subprocess
import sys
import threading

import pytest

from xinqiao.lake.background import NICENESS, step_back


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="this system has no niceness")
def test_a_thread_steps_back_with_the_threads_and_children_it_starts_and_no_other() -> None:
    found: dict[str, int] = {}

    def mine() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def work() -> None:
        step_back()
        found["self"] = mine()
        helper = threading.Thread(target=lambda: found.update(thread=mine()))
        helper.start()
        helper.join()
        code = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
        found["child"] = int(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )

    before = mine()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == {"self": NICENESS, "thread": NICENESS, "child": NICENESS}
    assert mine() == before

"""Work in several processes, and Ctrl-C while they start and work."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sleepaug.support.processes import ctrl_c_later, parallel

SLOW = """
import sys, time
from pathlib import Path
from sleepaug.support.processes import parallel

def slow(path):
    path.write_text("begun")
    time.sleep(0.5)
    path.write_text("ended")

if __name__ == "__main__":
    try:
        list(parallel(slow, [Path(sys.argv[1], str(i)) for i in range(50)], 2))
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """A shell without job control lets what it runs in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_parallel_keeps_the_order(tmp_path):
    assert list(parallel(abs, [-3, 2, -1], 2)) == [3, 2, 1]
    with pytest.raises(ZeroDivisionError):
        list(parallel((1).__truediv__, [1, 0], 2))


@pytest.mark.skipif(os.name == "nt", reason="no signal masks there")
def test_ctrl_c_is_held_back_and_not_lost_whichever_thread_receives_it():
    done, ended = [], threading.Event()
    threading.Thread(target=ended.wait, daemon=True).start()  # torch and OpenMP have some, too

    def press() -> None:
        with ctrl_c_later():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            done.append("what is under way")

    try:
        for _ in range(20):
            with pytest.raises(KeyboardInterrupt):
                press()
    finally:
        ended.set()
    assert len(done) == 20
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name == "nt", reason="no signal masks there")
def test_a_process_that_is_started_while_ctrl_c_is_held_back_never_gets_it():
    with ctrl_c_later():
        press = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('went on')"
        started = subprocess.run([sys.executable, "-c", press], capture_output=True, text=True)
    assert started.stdout == "went on\n"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C goes to a process group otherwise there")
def test_ctrl_c_ends_parallel_work_without_traces(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    files = tmp_path / "files"
    files.mkdir()
    called = subprocess.Popen(
        [sys.executable, tmp_path / "slow.py", files],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)), start_new_session=True,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not list(files.iterdir()) and called.poll() is None:
        time.sleep(0.05)
    os.killpg(called.pid, signal.SIGINT)  # as a terminal does: to all of them
    out, err = called.communicate(timeout=60)
    assert (out, err) == ("stopped\n", "")
    assert {path.read_text() for path in files.iterdir()} == {"ended"}
    assert len(list(files.iterdir())) < 50

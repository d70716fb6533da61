"""Other learners' kernels on the same machine: ``python -m tests.benchmarks.crowd HOW_MANY``.

Each shows a lab and is asked for a new feature map twice a second. They stop when standard input
ends.
"""

import sys
import threading
from contextlib import ExitStack

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

_SHOW = "from cnnlab import widgets; lab = widgets.FilterLab('camera')"
_ASK = "lab.bias = {bias}; lab.painted"
_PAUSE = 0.5  # seconds


def _work(client: BlockingKernelClient, stop: threading.Event) -> None:
    for turn in range(10**6):
        if stop.wait(_PAUSE):
            return
        client.execute(_ASK.format(bias=turn % 7), silent=True)


def main(size: int) -> None:
    """Start them, keep them busy until the input ends, end them."""
    stop = threading.Event()
    with ExitStack() as crowd:
        threads = []
        for _ in range(size):
            manager = KernelManager()
            manager.start_kernel()
            crowd.callback(manager.shutdown_kernel, now=True)
            client = manager.client()
            client.start_channels()
            crowd.callback(client.stop_channels)
            client.wait_for_ready(timeout=60)
            client.execute_interactive(_SHOW, silent=True, timeout=60)
            threads.append(threading.Thread(target=_work, args=(client, stop)))
        for thread in threads:
            thread.start()
        print("all there", flush=True)
        sys.stdin.read()
        stop.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(int(sys.argv[1]))

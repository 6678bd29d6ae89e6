"""How a peer talks to the measurement: a line of JSON when it is ready, then a round for every line it reads."""

import json
import sys
import time


def answer(value):
    print(json.dumps(value), flush=True)


def take_turns(ready, rounds):
    """`rounds` maps what a line may say to a function that does the work once."""
    answer(ready)
    for line in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        rounds[line.strip()]()
        answer(
            {
                "milliseconds": 1000 * (time.perf_counter() - start),
                "cpuMilliseconds": 1000 * (time.process_time() - cpu),
            }
        )

"""A process of its own with clients that ask a server, each with its next request once the last was answered.

    python -m benchmarks.clients PORT CLIENTS REQUESTS < PATHS

Probes are the JPEGs whose paths stand on the lines of standard input, again from the first after the last; connections
are kept open. Only the standard library is used, since what it takes is taken from a server on the same cores. Prints a
JSON object: ``seconds`` of the whole, ``latencies`` of each request, and ``cpu`` seconds of this process meanwhile.
"""

import http.client
import json
import sys
import threading
import time
from pathlib import Path

BOUNDARY = "a-line-that-is-in-no-picture"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="probe.jpg"\r\n'
    "Content-Type: image/jpeg\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def main(port: int, clients: int, requests: int) -> None:
    """Ask, and print."""
    bodies = [HEAD + Path(line.rstrip("\n")).read_bytes() + TAIL for line in sys.stdin]
    numbers = iter(range(requests))  # of which each thread takes the next
    latencies: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for number in numbers:
            started = time.perf_counter()
            connection.request("POST", "/v1/query", bodies[number % len(bodies)], HEADERS)
            answer = connection.getresponse()
            told = answer.read()
            latencies.append(time.perf_counter() - started)
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"{answer.status}: {told.decode()}")
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    started, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if len(latencies) < requests:
        sys.exit("a request failed")
    print(json.dumps({"seconds": seconds, "latencies": latencies, "cpu": cpu}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

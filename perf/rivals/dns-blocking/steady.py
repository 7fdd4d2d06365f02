# SPDX-License-Identifier: Apache-2.0
"""steady.py QUERIES SERVER RATE LATE: queries at RATE a second whatever is answered, until SIGINT.

It says that it begins, and at the end what was lost, as JSON.
dnsperf -Q is not that: while a server is silent, it soon sends hardly anything, and so hardly anything is lost."""
import json
import signal
import socket
import sys
import time


def queries(file):
    with open(file, encoding='ascii') as source:
        for line in source:
            labels = line.split()[0].split('.')
            yield b'\1\0\0\1\0\0\0\0\0\0' + b''.join(bytes([len(one)]) + one.encode() for one in labels) + b'\0\0\1\0\1'


def drain(client, sent_at, late):
    """How many were answered in time, and the slowest of these."""
    count, slowest, now = 0, 0.0, time.monotonic()
    while True:
        try:
            answer = client.recv(2048)
        except (BlockingIOError, ConnectionRefusedError):
            return count, slowest
        number = int.from_bytes(answer[:2], 'big')
        took, sent_at[number] = now - sent_at[number], -1e9  # none is answered twice
        if took <= late:
            count, slowest = count + 1, max(slowest, took)


def main():
    bodies, server, rate, late = list(queries(sys.argv[1])), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    client.connect((server, 53))
    client.setblocking(False)
    going_on = [True]
    signal.signal(signal.SIGINT, lambda *_: going_on.clear())
    sent_at, sent, unsent, answered, slowest = [-1e9] * 65536, 0, 0, 0, 0.0
    print('begins', flush=True)
    began = time.monotonic()
    end = None
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        due = int((now - began) * rate) if end is None else sent
        unsent += max(due - sent - rate // 10, 0)  # this process did not run for more than 0.1 s: not caught up with
        began += max(due - sent - rate // 10, 0) / rate
        for _ in range(min(due - sent, rate // 10)):
            number = sent % 65536
            sent_at[number] = now
            try:
                client.send(number.to_bytes(2, 'big') + bodies[sent % len(bodies)])
            except (BlockingIOError, ConnectionRefusedError):
                pass  # lost
            sent += 1
        count, slow = drain(client, sent_at, late)
        answered, slowest = answered + count, max(slowest, slow)
        if end is None and not going_on:
            end = now + late
        time.sleep(0.001)
    print(json.dumps({'lost': sent - answered, 'sent': sent, 'not_sent': unsent, 'slowest_s': round(slowest, 4)}))


if __name__ == '__main__':
    main()

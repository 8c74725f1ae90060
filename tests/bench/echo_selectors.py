#!/usr/bin/env python3
"""The echo server of Python's selectors: echo_selectors.py DESCRIPTOR, of a listening socket that is inherited."""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()


def accept(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, echo)


def echo(connection):
    try:
        data = connection.recv(16384)
    except ConnectionResetError:
        data = b""
    if data:
        connection.send(data)
    else:
        selector.unregister(connection)
        connection.close()


def main():
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ, accept)
    while True:
        for key, _ in selector.select():
            key.data(key.fileobj)


main()

import socket
import urllib.request

import pytest


def test_another_machine_cannot_be_reached_by_address():
    with socket.socket() as sock, pytest.raises(RuntimeError, match="tried to reach"):
        sock.connect(("192.0.2.1", 80))


def test_another_machine_cannot_be_reached_by_name():
    with pytest.raises(RuntimeError, match=r"example\.org"):
        urllib.request.urlopen("http://example.org")


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        answer, _ = server.accept()
        answer.close()

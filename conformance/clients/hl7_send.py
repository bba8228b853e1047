"""Sends one message with PyPI hl7's MLLP client and prints the acknowledgement's MSA-1 and MSA-2."""

import sys

import hl7
from hl7.client import MLLPClient

host, port, path = sys.argv[1:]
with open(path, encoding="utf-8", newline="") as file:
    message = file.read()
with MLLPClient(host, int(port)) as client:
    answer = hl7.parse(client.send_message(message).strip(b"\x0b\x1c\r").decode())
print(answer["MSA"][0][1], answer["MSA"][0][2])

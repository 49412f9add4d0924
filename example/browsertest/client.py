"""Debian's python3-websockets against the service at argv[1], such as ws://127.0.0.1:8080/ws."""

import asyncio
import sys

import websockets


async def echo(url):
    async with websockets.connect(url, subprotocols=["echo-protocol"]) as ws:
        assert ws.subprotocol == "echo-protocol", ws.subprotocol
        for message in ["hello", "你好 👋", "", b"\x00\xff", "x" * 100_000]:
            await ws.send(message)
            assert await ws.recv() == message
    assert ws.close_code == 1000, ws.close_code


async def refused(url, **offer):
    try:
        async with websockets.connect(url, **offer):
            raise AssertionError("not refused")
    except websockets.exceptions.InvalidHandshake as err:  # newer versions have the status in a response
        status = err.response.status_code if hasattr(err, "response") else err.status_code
        assert status == 400, status


async def main(url):
    await echo(url)
    await refused(url, subprotocols=["chat"])
    await refused(url)


asyncio.run(main(sys.argv[1]))

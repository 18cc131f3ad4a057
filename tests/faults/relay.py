#!/usr/bin/python3
"""relay: stands between one daemon and PostgreSQL, and does to their words what networks and kernels do. A process of its own.

    relay.py LISTEN_PORT TARGET_PORT

It reads the protocol that clients speak (types and lengths of messages), so that it can act at a POINT of a commit, which is known
by the name of its last statement. Nothing in the daemon knows of it. Lines of its input:

    arm POINT ACTION [PID [SECONDS]]    once, at the next commit that passes the point:
        point   fence     the fence has reached the server, the rows have not
                rows      the rows too, but not the statement that moves the offset
                sync      everything but the Sync: the server holds the row's lock and waits
                answer    everything: the server commits, and its answer is held back
        action  cut       both sides lose the connection
                late      the client loses it; the server gets the rest, Sync included, SECONDS later, and so may commit when it
                          is asked already what became of it (not at `fence`)
                kill      SIGKILL for the process PID; what was held back never comes
                freeze    SIGSTOP for PID; what was held back goes on at once, and PID after SECONDS
                hold      nothing moves for SECONDS, then all goes on
    disarm                              nothing is waited for any more
    hole SECONDS                        whatever is said is not passed on, neither way, and then goes on
    slow SECONDS MS                     each piece comes so much later, for SECONDS
    reject SECONDS                      connections end, and new ones are refused
    to PORT                             another server from here on; connections end

Each injection that truly happened is a line of its output: `done WHAT ...`.
"""
import asyncio
import os
import signal
import struct
import sys
import time

POINTS = ("fence", "rows", "sync", "answer")
STATEMENT_FENCE, STATEMENT_MOVE = b"fence", b"position_move"


def say(*words):
    print(*words, flush=True)


class Messages:
    """Cuts a stream of one side into whole messages: (type, bytes). The first of a client has no type."""

    def __init__(self, greets):
        self.buffer, self.greets = bytearray(), greets

    def feed(self, data):
        self.buffer += data
        at = 0
        while True:
            skip = 0 if self.greets else 1
            if len(self.buffer) - at < skip + 4:
                break
            length = struct.unpack_from(">i", self.buffer, at + skip)[0] + skip
            if len(self.buffer) - at < length:
                break
            kind = b"" if self.greets else bytes(self.buffer[at:at + 1])
            yield kind, bytes(self.buffer[at:at + length])
            self.greets = False
            at += length
        del self.buffer[:at]


def statement(message):
    """The name of the statement that a Bind names."""
    end_of_portal = message.index(b"\0", 5)
    return message[end_of_portal + 1:message.index(b"\0", end_of_portal + 1)]


class Pair:
    """One connection of the daemon and its other half to the server."""

    def __init__(self, relay, client, server):
        self.relay, self.client, self.server = relay, client, server  # (reader, writer) each
        self.in_commit = self.answer_held = self.dead = False
        self.collected = None  # rows, late: from the statement that moves the offset on
        self.held = bytearray()  # of the server's answer

    async def run(self):
        self.relay.pairs.add(self)
        tasks = [asyncio.ensure_future(self.up()), asyncio.ensure_future(self.down())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not self.dead:
            self.close()
        for task in tasks:
            task.cancel()
        self.relay.pairs.discard(self)

    def close(self, server=True):
        self.dead = True
        self.client[1].transport.abort()
        if server:
            self.server[1].transport.abort()

    async def send(self, writer, data):
        await self.relay.weather()
        writer.write(data)
        await writer.drain()

    # From the daemon to the server, message by message while it matters.
    async def up(self):
        messages = Messages(greets=True)
        parts, batch = bytearray(), []
        while True:
            data = await self.client[0].read(1 << 16)
            if not data:
                return
            batch = list(messages.feed(data))
            parts.clear()
            for kind, message in batch:
                if self.collected is not None:
                    self.collected += message
                    if kind == b"S":
                        await self.act(bytes(self.collected))
                        return
                    continue
                if kind == b"B":
                    name = statement(message)
                    if name == STATEMENT_FENCE:
                        self.in_commit = True
                    if name == STATEMENT_MOVE and self.relay.wants("rows") and self.in_commit:
                        await self.pass_on(parts, flush=True)
                        if self.relay.armed[1] == "late":
                            self.collected = bytearray(message)
                        else:
                            await self.act(message)
                        continue
                if kind == b"S" and self.in_commit:
                    if self.relay.wants("sync"):
                        await self.pass_on(parts, flush=True)
                        await self.act(message)
                        self.in_commit = False
                        continue
                    self.answer_held = self.relay.wants("answer")
                    self.in_commit = False
                parts += message
                if kind == b"E" and self.in_commit and self.relay.wants("fence"):
                    await self.pass_on(parts, flush=True)  # the Execute of the fence, the first of the exchange
                    await self.act(b"")
            if parts:
                await self.pass_on(parts)

    # Flush, so that the server has carried out what it was sent before anything happens.
    async def pass_on(self, parts, flush=False):
        if flush:
            parts += b"H\0\0\0\4"
        await self.send(self.server[1], bytes(parts))
        parts.clear()
        if flush:
            await asyncio.sleep(0.05)

    async def down(self):
        messages = Messages(greets=False)
        while True:
            data = await self.server[0].read(1 << 16)
            if not data:
                return
            if not self.answer_held:
                await self.send(self.client[1], data)
                continue
            self.held += data
            kinds = [kind for kind, _ in messages.feed(data)]
            if b"Z" in kinds:
                self.answer_held = False
                await self.act(None, committed=b"E" not in kinds)

    # At the point. `rest` is what the server has not had yet; None: it has had all, and its answer is held.
    async def act(self, rest, committed=None):
        point, action, pid, seconds = self.relay.take()
        if committed is False and action != "hold":
            self.relay.armed = (point, action, pid, seconds)  # it was refused anyhow: the next one
            action = "hold"
            seconds = 0
        else:
            say("done", point, action, pid or "-")
        if action == "cut":
            self.close()
        elif action == "late":
            self.close(server=False)
            asyncio.ensure_future(self.finish_late(rest, seconds))
        elif action == "kill":
            os.kill(pid, signal.SIGKILL)
            self.close()
        else:
            if action == "freeze":
                os.kill(pid, signal.SIGSTOP)
                asyncio.get_event_loop().call_later(seconds, thaw, pid)
            else:
                await asyncio.sleep(seconds)
            await self.go_on(rest)

    async def go_on(self, rest):
        if rest is None:
            await self.send(self.client[1], bytes(self.held))
            self.held.clear()
        elif rest:
            await self.send(self.server[1], rest)

    async def finish_late(self, rest, seconds):
        """The server hears the rest of a client that is long gone."""
        await asyncio.sleep(seconds)
        try:
            if rest:
                self.server[1].write(rest)
                await self.server[1].drain()
                await asyncio.sleep(0.5)
        except OSError:
            pass
        self.server[1].transport.abort()


def thaw(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


class Relay:
    def __init__(self, target):
        self.target, self.pairs = target, set()
        self.armed = None
        self.hole_until = self.slow_until = self.reject_until = 0.0
        self.slow_s = 0.0

    def wants(self, point):
        return self.armed is not None and self.armed[0] == point

    def take(self):
        armed, self.armed = self.armed, None
        return armed

    async def weather(self):
        if time.monotonic() < self.slow_until:
            await asyncio.sleep(self.slow_s)
        while time.monotonic() < self.hole_until:
            await asyncio.sleep(0.05)

    async def accept(self, reader, writer):
        try:
            if time.monotonic() < self.reject_until:
                raise OSError
            server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        try:
            await Pair(self, (reader, writer), server).run()
        except OSError:
            pass

    def end_all(self):
        ended = len(self.pairs)
        for pair in list(self.pairs):
            pair.close()
        return ended

    def command(self, line):
        words = line.split()
        verb, numbers = words[0], [float(word) for word in words[1:] if word.replace(".", "", 1).isdigit()]
        now = time.monotonic()
        if verb == "arm":
            self.armed = (words[1], words[2], int(numbers[0]) if numbers else 0, numbers[1] if len(numbers) > 1 else 0.0)
        elif verb == "disarm":
            self.armed = None
        elif verb == "hole":
            self.hole_until = now + numbers[0]
            say("done hole", len(self.pairs))
        elif verb == "slow":
            self.slow_until, self.slow_s = now + numbers[0], numbers[1] / 1e3
            say("done slow", len(self.pairs))
        elif verb == "reject":
            self.reject_until = now + numbers[0]
            say("done reject", self.end_all())
        elif verb == "to":
            self.target = int(numbers[0])
            say("done to", self.end_all())


async def main():
    relay = Relay(int(sys.argv[2]))
    listener = await asyncio.start_server(relay.accept, "127.0.0.1", int(sys.argv[1]), limit=1 << 20)
    reader = asyncio.StreamReader()
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say("ready")
    async with listener:
        while True:
            line = await reader.readline()
            if not line:
                return
            if line.strip():
                relay.command(line.decode())


asyncio.run(main())

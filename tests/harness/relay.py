# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network that stands still where a test needs it to.

A relay stands between two ends of a connection and passes on what they say. It
can be slow, stand still in one direction or in both, take no connection, or cut
those it has: what networks do. The one for libvirt's own protocol can also keep
one kind of call, or its reply, and pass on all else (keepalives above all), so
that whoever waits for it waits for as long as the test likes.
"""

import os
import socket
import struct
import threading
import time

# Little enough that what a relay does not read is soon stuck in the sender
BUFFER = 32 << 10
CHUNK = 16 << 10


class UnixAddress(str):
    """Path of a UNIX socket"""


def _socket(address):
    family = socket.AF_UNIX if isinstance(address, UnixAddress) else socket.AF_INET
    sock = socket.socket(family)
    if family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _on_path(address, call):
    """Has call(address) take a path of any length for the address of a UNIX socket."""
    if not isinstance(address, UnixAddress):
        return call(address)
    folder = os.open(os.path.dirname(address), os.O_PATH)
    try:
        return call(f"/proc/self/fd/{folder}/{os.path.basename(address)}")
    finally:
        os.close(folder)


def read_exactly(sock, count):
    """Returns @count bytes; b'' if the peer has closed the connection."""
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def _reset(sock):
    """Closes it so that the peer's next word to it fails. For the thread that reads it:
    the others only write."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass    # closed already
    sock.close()


class Relay:
    """Takes connections at @listen and passes them on to @target.

    rate        bytes per second towards the target; None: all there is, 0: none
    back_rate   the same in the other direction
    moved       bytes that went towards the target
    """

    def __init__(self, listen, target):
        self.target = target
        self.rate = self.back_rate = None
        self.moved = 0
        self.accepted = threading.Event()
        self._ends = []
        self._fillers = []
        self._closed = False
        self._accepting = threading.Event()
        self._accepting.set()
        self._listener = _socket(listen)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        _on_path(listen, self._listener.bind)
        # Each more would have to be filled by refuse_connections().
        self._listener.listen(0)
        self.address = listen
        if not isinstance(listen, UnixAddress):
            self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            if not self._accepting.is_set():
                # accept() was under way when it was told to stop.
                self._fillers.append(end)
                self._accepting.wait()
                continue
            self.accepted.set()
            threading.Thread(target=self._serve, args=(end,), daemon=True).start()

    def stop_accepting(self):
        """From now on a connection is neither made nor refused: who wants one
        waits, since the queue of those not yet accepted is full."""
        self._accepting.clear()
        # The first is what accept() takes in _accept(); the next fill the queue.
        for _ in range(4):
            sock = _socket(self.address)
            sock.setblocking(False)
            try:
                _on_path(self.address, sock.connect)
            except (BlockingIOError, InterruptedError):
                pass
            self._fillers.append(sock)
            time.sleep(0.01)

    def _serve(self, end):
        other = _socket(self.target)
        try:
            _on_path(self.target, other.connect)
        except OSError:
            end.close()
            return
        for sock in (end, other):
            if sock.family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ends += [end, other]
        for source, sink, forth in ((end, other, True), (other, end, False)):
            threading.Thread(target=self._pump, args=(source, sink, forth), daemon=True).start()

    def _wait_rate(self, forth, count):
        """Waits as long as @count bytes take in this direction."""
        while not self._closed:
            rate = self.rate if forth else self.back_rate
            if rate is None:
                return
            if rate > 0:
                time.sleep(count / rate)
                return
            time.sleep(0.01)

    def _pump(self, source, sink, forth):
        try:
            while data := self._read(source, forth):
                self._wait_rate(forth, len(data))
                sink.sendall(data)
                if forth:
                    self.moved += len(data)
        except OSError:
            # The sink is gone, and the source must be told, as it is by a host whose
            # process died: a mere shutdown() does not reach it while the buffer is full.
            _reset(source)
        # What was said before still arrives, whichever end is in a hurry.
        for sock, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                sock.shutdown(how)
            except OSError:
                pass

    def _read(self, source, _forth):
        return source.recv(CHUNK)

    def cut(self):
        """Cuts all connections."""
        for sock in self._ends:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._ends = []

    def free(self):
        """Holds nothing any more. A connection that was kept waiting is refused."""
        self.rate = self.back_rate = None
        if not self._accepting.is_set():
            self.close()

    def close(self):
        """Takes no more connections, and cuts those that are."""
        self._closed = True
        # shutdown() wakes the thread that accepts; close() alone would not.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self._accepting.set()
        for sock in self._fillers:
            sock.close()
        self.cut()
        if isinstance(self.address, UnixAddress) and os.path.exists(self.address):
            os.unlink(self.address)


# libvirt's protocol: src/rpc/virnetprotocol.x and src/remote/remote_protocol.x
REMOTE_PROGRAM = 0x20008086
HEADER = struct.Struct("!IIiiIi")     # program, version, procedure, type, serial, status
CALL, REPLY = 0, 1

# The steps of a migration by number, with and without typed parameters
STEPS = {
    "begin": (213, 302),
    "prepare": (214, 215, 303, 304),
    "perform": (216, 305),
    "finish": (217, 306),
    "confirm": (218, 307),
}


class CallRelay(Relay):
    """A relay between a client of libvirt and the daemon that listens on @port, the way to which
    is @path."""

    def __init__(self, port, path="/system"):
        self._rule = None
        self._keepers = []
        self.caught = threading.Event()
        self.seen = set()   # steps that have been called
        super().__init__(("127.0.0.1", 0), ("127.0.0.1", port))
        self.uri = f"qemu+tcp://127.0.0.1:{self.address[1]}{path}"

    def keep(self, step, kind):
        """Keeps the calls (@kind CALL) of the step of a migration, or the replies
        to them (REPLY), until let_go(); `caught` tells that there is one."""
        self.caught.clear()
        self._rule = (STEPS[step], kind)

    def let_go(self):
        self._rule = None
        for keeper in self._keepers:
            keeper.let_go()

    def free(self):
        super().free()
        self.let_go()

    def _read(self, source, forth):
        length = read_exactly(source, 4)
        return length and length + read_exactly(source, struct.unpack("!I", length)[0] - 4)

    def _pump(self, source, sink, forth):
        keeper = _Keeper(self, sink)
        self._keepers.append(keeper)
        super()._pump(source, keeper, forth)

    def keeps(self, frame):
        """Is it one that keep() told of?"""
        program, _, procedure, kind, _, _ = HEADER.unpack_from(frame, 4)
        if program != REMOTE_PROGRAM:
            return False
        if kind == CALL:
            self.seen |= {step for step, numbers in STEPS.items() if procedure in numbers}
        rule = self._rule
        if not (rule and kind == rule[1] and procedure in rule[0]):
            return False
        self.caught.set()
        return True


class _Keeper:
    """The end of a connection to which a CallRelay passes on. Whoever sends to it holds its lock,
    so that a frame is sent as a whole, and gives up at length if the peer reads no more: the
    test is to fail then, not to wait."""

    GIVE_UP = 60    # seconds

    def __init__(self, relay, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                        struct.pack("@ll", self.GIVE_UP, 0))
        self._relay = relay
        self._sock = sock
        self._lock = threading.Lock()
        self._kept = []
        self.shutdown = sock.shutdown

    def sendall(self, frame):
        with self._lock:
            if self._relay.keeps(frame):
                self._kept.append(frame)
            else:
                self._sock.sendall(frame)

    def let_go(self):
        with self._lock:
            for frame in self._kept:
                try:
                    self._sock.sendall(frame)
                except OSError:
                    pass
            self._kept = []

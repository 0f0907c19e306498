# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest agent that answers when a test wants it to.

The guest opens the agent's port (tests/guest/init.c), so that QEMU tells libvirt that
there is an agent. QEMU and libvirt both connect to the socket of the channel; whoever
listens there, this, hears nothing from QEMU and answers libvirt.
"""

import json
import os
import socket
import threading
import time

CHANNEL = """
    <channel type='unix'>
      <source mode='connect' path='{path}'/>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>"""

FREEZE = "guest-fsfreeze-freeze"
THAW = "guest-fsfreeze-thaw"
TIME = "guest-get-time"
# What an agent executes while file systems are frozen; it refuses all else.
WHILE_FROZEN = ("guest-sync", THAW)


class Agent:
    """The agent of @guest, whose definition it changes; to be made before its start.

    frozen: whether the file systems are; calls: the commands that it was sent.
    """

    def __init__(self, guest):
        self.frozen = False
        self.calls = []
        self._held = set()
        self._changed = threading.Condition()
        self._clients = []
        path = os.path.join(guest.folder, "agent.sock")
        guest.xml = guest.xml.replace("</devices>", CHANNEL.format(path=path).lstrip()) \
            .replace("</cmdline>", " jobguest_agent=1</cmdline>")
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(path)
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def connected(self):
        """Has libvirt connected?"""
        return bool(self._clients)

    def hold(self, command):
        """Leaves @command without effect and answer until release()."""
        with self._changed:
            self._held.add(command)

    def release(self, command):
        with self._changed:
            self._held.discard(command)
            self._changed.notify_all()

    def asked(self, command):
        return command in self.calls

    def _accept(self):
        qemu = None
        while True:
            conn, _ = self._server.accept()
            if qemu is None or not qemu.is_alive():
                # Nobody else connects before QEMU has.
                qemu = threading.Thread(target=self._watch, args=(conn,), daemon=True)
                qemu.start()
            else:
                self._clients.append(conn)
                threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _watch(self, qemu):
        """The channel ends when QEMU does."""
        while qemu.recv(4096):
            pass
        qemu.close()
        self.frozen = False
        for conn in self._clients:
            conn.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def _serve(self, conn):
        with conn, conn.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                command = request["execute"]
                self.calls.append(command)
                with self._changed:
                    self._changed.wait_for(lambda: command not in self._held)  # pylint: disable=cell-var-from-loop
                try:
                    conn.sendall(json.dumps(self._answer(command, request)).encode() + b"\n")
                except OSError:
                    break   # libvirt has not waited

    def _answer(self, command, request):
        if self.frozen and command not in WHILE_FROZEN:
            return {"error": {"class": "GenericError", "desc": f"frozen: {command}"}}
        if command == "guest-sync":
            return {"return": request["arguments"]["id"]}
        if command in (FREEZE, THAW):
            self.frozen = command == FREEZE
            return {"return": 1}
        if command == TIME:
            return {"return": time.time_ns()}
        return {"error": {"class": "CommandNotFound", "desc": command}}

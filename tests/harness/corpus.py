# SPDX-License-Identifier: LGPL-2.1-or-later
"""What real runs have in status files and migration cookies is kept for the fuzzing of both
(tests/test_fuzz.py), if asked for by pytest's --corpus."""

import hashlib
import os
import re

FOLDER = "SERIES_CORPUS"    # of the environment
FILTER = "1:qemu.qemu_migration_cookie"
COOKIE = re.compile(rb"cookielen=\d+ cookie=(<qemu-migration>.*?</qemu-migration>)", re.DOTALL)


def wanted():
    return FOLDER in os.environ


def keep(kind, data):
    """Keeps @data, once."""
    if not wanted():
        return
    folder = os.path.join(os.environ[FOLDER], kind)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, hashlib.sha1(data).hexdigest())
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.write(data)


def keep_cookies(log):
    """Keeps the cookies that a daemon has put into its @log."""
    if wanted():
        with open(log, "rb") as file:
            for cookie in COOKIE.findall(file.read()):
                keep("cookie", cookie)

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client of one migration, a process of its own that tests stop and kill.

Takes one argument: a JSON object with source and destination (URIs), domain,
flags, params and p2p. Prints a JSON object: code and message of the error;
code 0 if the migration succeeded.
"""

import json
import sys

import libvirt


def main():
    job = json.loads(sys.argv[1])
    libvirt.registerErrorHandler(lambda *_: None, None)
    result = {"code": 0, "message": ""}
    try:
        domain = libvirt.open(job["source"]).lookupByName(job["domain"])
        if job["p2p"]:
            domain.migrateToURI3(job["destination"], job["params"], job["flags"])
        else:
            domain.migrate3(libvirt.open(job["destination"]), job["params"], job["flags"])
    except libvirt.libvirtError as error:
        result = {"code": error.get_error_code(), "message": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()

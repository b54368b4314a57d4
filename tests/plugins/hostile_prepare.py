"""A prepare step that tries what no plugin may do, and writes down in its cache what it achieved."""

# The calls themselves are what is tried here.
# ruff: noqa: PTH101, PTH104, PTH108, PTH118, PTH120, PTH123, PTH208, PTH211

import json
import os
import sys
import sysconfig

from hostile_backend_copy import attempts, syscall, write

cache = os.environ["ARTRATOR_PLUGIN_CACHE"]
with open(os.path.join(os.path.dirname(__file__), "request.json")) as file:
    request = json.load(file)


def outside():
    """More places that somebody else reads later."""
    site, host = os.path.dirname(__file__), request["host"]
    link = os.path.join(cache, "link")
    return {
        "plant a .pth in its environment": lambda: write(os.path.join(site, "evil.pth")),
        "plant a module in the host": lambda: write(os.path.join(host, "evil.py")),
        "plant a .pth in the host's packages": lambda: write(os.path.join(sysconfig.get_path("purelib"), "evil.pth")),
        "write beside its cache": lambda: write(os.path.join(cache, "..", "plugin.json")),
        "write its own record": lambda: write(os.path.join(cache, "..", "prepared.json")),
        "put another folder in its cache's place": lambda: os.rename(cache, cache + "-moved"),
        "make a link": lambda: os.symlink(request["key"], link),
        "make a hard link": lambda: os.link(__file__, link),
        "make a device": lambda: syscall(133, link.encode(), 0o20666, 0x0103),
        "make a program run as its owner": lambda: os.chmod(cache, 0o4755),
        "reserve a disk": lambda: syscall(285, os.open(link, os.O_CREAT | os.O_WRONLY), 1, 0, 1 << 40),
        "write to scratch": lambda: write("note"),
        "see the host's variables": lambda: os.environ["ARTRATOR_HOME"],
        "see the host's path": lambda: sys.path.index(""),
    }


tried = {
    **attempts(request["secret"], request["key"], request["outside"], request["port"], request["parent"]),
    **outside(),
}
result = []
for name, attempt in tried.items():
    try:
        attempt()
        result.append(name)
    except Exception:
        continue
for name in os.listdir(cache):
    os.unlink(os.path.join(cache, name))
with open(os.path.join(cache, "achieved.json"), "w") as file:
    json.dump(result, file)
os.close(os.open(os.path.join(cache, "set-uid"), os.O_CREAT | os.O_WRONLY, 0o6755))

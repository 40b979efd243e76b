"""An agent of forty lines: one shell in each form in which agents were seen to start theirs.

It prints a line of JSON for each: its name, the words of the shell, its folder, and what it was
told of the shell's end, as subprocess tells it: a status, or a signal as a negative number. Of
one that it did not wait for it was told nothing.
"""
import json
import os
import pty
import signal
import socket
import subprocess
import sys

def run(name, text, before=(), end=None, shell=("/bin/sh", "-c"), **how):
    folder = os.path.join(os.getcwd(), name)
    os.mkdir(folder)
    words = [*shell, f"{text} # {name}"]
    try:
        child = subprocess.Popen([*before, *words], cwd=folder, stderr=subprocess.DEVNULL, **how)
    except OSError as error:
        return print(json.dumps({"name": name, "missing": str(error)}), flush=True)
    told = end(child) if end else child.wait()
    print(json.dumps({"name": name, "words": words, "folder": folder, "told": told}), flush=True)

def killed(child):
    child.stdout.readline()
    os.killpg(child.pid, signal.SIGKILL)
    return child.wait()

run("plain", "exit 3")
run("login", "exit 4", shell=("bash", "-lc"))
run("chain", "exec env sh -c 'exec sh -c \"exit 5\"'")
run("empty", "exit 6", before=("env", "-i"))
run("session", "exit 7", start_new_session=True)
one, other = socket.socketpair()
run("socket", "exit 8", stdin=one)
server = socket.create_server(("127.0.0.1", 0))
run("network", "exit 9", stdin=socket.create_connection(server.getsockname()))
here, there = pty.openpty()
run("terminal", "test -t 0 && exit 10", stdin=there, stdout=there, start_new_session=True)
memory = os.memfd_create("shell", 0)
os.write(memory, open("/bin/sh", "rb").read())
run("memory", "exit 11", executable=f"/proc/self/fd/{memory}", pass_fds=[memory])
run("namespace", "exit 12", before=("unshare", "--user", "--map-root-user"))
run("sandbox", "exit 13", before=("bwrap", "--dev-bind", "/", "/", "--unshare-all"))
run("killed", "echo up; sleep 1000", end=killed, stdout=subprocess.PIPE, start_new_session=True)
run("behind", "read line; exit 14", end=lambda child: None, stdin=subprocess.PIPE)
sys.stdout.flush()
os._exit(0)

"""Runs a command on a terminal of its own: typist.py COLUMNS STEPS COMMAND..., STEPS being JSON, [[wait for, type], ...].

What the terminal showed goes to stdout, and the command's exit code on.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

columns, steps, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.execvp(command[0], command)

# The child may start before this, so both set it.
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
shown, looked = b"", 0
deadline = time.monotonic() + 25
while time.monotonic() < deadline:
    if steps and (at := shown.find(steps[0][0].encode(), looked)) >= 0:
        looked = at + len(steps[0][0].encode())
        os.write(terminal, steps.pop(0)[1].encode())
        continue
    ready, _, _ = select.select([terminal], [], [], 1)
    if not ready:
        continue
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # EIO: the child has gone
        break
    if not piece:
        break
    shown += piece
else:
    os.kill(child, 9)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 255)

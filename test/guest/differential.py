# SPDX-License-Identifier: GPL-2.0-only
# Runs where drgn is installed, by differential.ts: what drgn says of processes, roots and addresses of a vmcore.
# Arguments: the kernel with its debug information, the vmcore, and a file of {"pages": [[pid, va], …]} in JSON.
import json, sys
import drgn
from drgn.helpers.linux.mm import follow_phys, virt_to_phys
from drgn.helpers.linux.pid import find_task, for_each_task

symbols, vmcore, request = sys.argv[1:]
prog = drgn.Program()
prog.set_core_dump(vmcore)
prog.load_debug_info([symbols])


def physical(find):
    """A physical address, or why there is none."""
    try:
        return "%x" % int(find())
    except (drgn.FaultError, LookupError, ValueError) as error:
        return type(error).__name__


processes = []
for task in for_each_task(prog):
    if task.pid != task.tgid:
        continue
    processes.append({
        "pid": int(task.pid),
        "name": task.comm.string_().decode("utf-8", "replace"),
        "root": physical(lambda: virt_to_phys(task.mm.pgd)) if task.mm else None,
        "task": "%x" % int(task),
        "taskPa": physical(lambda: follow_phys(prog["init_mm"].address_of_(), int(task))),
    })
pages = []
with open(request) as file:
    wanted = json.load(file)["pages"]
spaces = {}
for pid, va in wanted:
    if pid not in spaces:
        spaces[pid] = find_task(prog, pid).mm
    pages.append(physical(lambda: follow_phys(spaces[pid], int(va, 16))))
print(json.dumps({"version": drgn.__version__, "processes": processes, "pages": pages}))

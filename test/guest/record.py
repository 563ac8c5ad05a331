# SPDX-License-Identifier: GPL-2.0-only
# Runs in a guest, by image.ts: starts programs whose memory is known, and writes to the disk /dev/vdb what the guest's own
# /proc says of every process. It prints "===frozen" when it is ready to be stopped and dumped, waits for a line, and writes
# the same again: what differs between the two has changed by itself.
import json, os, struct, subprocess, sys, time, zlib

PAGE = 4096
PRESENT, SWAPPED = 1 << 63, 1 << 62
LARGE = 1 << 30  # of a larger region only the ends are read
END = 1 << 20
FRAMES = int(sys.argv[1])  # from 0 to the end of this machine's memory
SECOND, THIRD = 128 << 20, 256 << 20  # where the second record is on the disk, and the capture
FLAGS, COUNTS, OWN = 64 << 20, 80 << 20, 96 << 20  # where the parts of a record are, after the processes

MERGEABLE = """
import mmap, os, sys
m = mmap.mmap(-1, 64 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(mmap.MADV_MERGEABLE)
for page in range(64):
    m[page * 4096:(page + 1) * 4096] = b"merge me" * 512
sys.stdin.readline()
"""


def text(path):
    with open(path) as file:
        return file.read()


def write(path, value):
    with open(path, "w") as file:
        file.write(value)


def start():
    """Programs whose memory is known."""
    started = []
    write("/proc/sys/vm/nr_hugepages", "12")
    subprocess.run("mkswap /dev/vda >/dev/null && swapon /dev/vda", shell=True, check=True)
    kinds = subprocess.Popen(
        ["out/fixtures/page-kinds", "/run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )
    for line in kinds.stdout:
        if line.startswith("fail"):
            raise SystemExit("page-kinds: " + line)
        if line.startswith("case"):
            print("===" + line, end="", flush=True)
        if line.startswith("ready"):
            break
    started.append(kinds)
    if os.path.exists("/sys/kernel/mm/ksm/run"):
        write("/sys/kernel/mm/ksm/pages_to_scan", "1000")
        write("/sys/kernel/mm/ksm/run", "1")
        started += [subprocess.Popen([sys.executable, "-c", MERGEABLE], stdin=subprocess.PIPE) for _ in range(2)]
        for _ in range(600):
            if int(text("/sys/kernel/mm/ksm/pages_sharing")) >= 100:
                break
            time.sleep(0.1)
        write("/sys/kernel/mm/ksm/run", "0")  # what is merged stays so
    # A name with a space, of a file that is gone.
    subprocess.run(["cp", "/bin/sleep", "/run/a name"], check=True)
    started.append(subprocess.Popen(["/run/a name", "infinity"]))
    time.sleep(0.5)
    os.unlink("/run/a name")
    return started


def pages_of(pid, regions):
    """{va: (word of pagemap, checksum of the bytes or None)} of all pages that are there."""
    pages = {}
    with open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for begin, end in regions:
            parts = [(begin, end)] if end - begin <= LARGE else [(begin, begin + END), (end - END, end)]
            for first, last in parts:
                at = first
                while at < last:
                    count = min(1 << 16, (last - at) // PAGE)
                    pagemap.seek(at // PAGE * 8)
                    words = pagemap.read(count * 8)
                    if any(words):
                        for i, (word,) in enumerate(struct.iter_unpack("<Q", words)):
                            if word & (PRESENT | SWAPPED):
                                va = at + i * PAGE
                                pages[va] = (word, checksum(memory, va) if word & PRESENT else None)
                    at += count * PAGE
    return pages


def checksum(memory, va):
    try:
        memory.seek(va)
        return zlib.crc32(memory.read(PAGE))
    except OSError:  # a device, secret memory, or a page that may not be read
        return None


def process(pid):
    stat = text(f"/proc/{pid}/stat")
    comm = stat[stat.index("(") + 1:stat.rindex(")")]
    fields = stat[stat.rindex(")") + 2:].split()
    status = dict(line.split(":\t", 1) for line in text(f"/proc/{pid}/status").splitlines() if ":\t" in line)
    said = {
        "pid": pid, "name": comm, "ppid": int(fields[1]), "threads": int(fields[17]), "start": int(fields[19]),
        "uid": int(status["Uid"].split()[0]), "kernel": bool(int(fields[6]) & 0x200000), "state": fields[0],
    }
    maps = [line for line in text(f"/proc/{pid}/maps").splitlines() if not line.endswith("[vsyscall]")]
    said["maps"] = maps
    regions = [tuple(int(n, 16) for n in line.split()[0].split("-")) for line in maps]
    pages = pages_of(pid, regions) if maps and pid != os.getpid() else {}
    # Bits 55 to 61 tell of more than the place: soft-dirty, exclusive, and so on.
    said["pages"] = [[f"{va:x}", f"{word & ~(0x7f << 55):x}", sum] for va, (word, sum) in pages.items()]
    return said


# Of all frames. It stays: the page tables of what is freed would be used again for the next record, and be free in between.
words = bytearray(FRAMES * 8)


def words_of_frames(name, own):
    """A file of /proc with a word for each frame of this machine's memory. Adds the frames that this process had then."""
    with open("/proc/" + name, "rb", 0) as file:
        if file.readinto(words) != len(words):
            raise SystemExit(f"/proc/{name} ended early")
    with open("/proc/self/maps") as maps, open("/proc/self/pagemap", "rb", 0) as pagemap:
        for line in maps:
            begin, end = (int(n, 16) // PAGE for n in line.split()[0].split("-"))
            if end > 1 << 35:
                continue  # [vsyscall]
            pagemap.seek(begin * 8)
            own.update(word & ((1 << 55) - 1) for (word,) in struct.iter_unpack("<Q", pagemap.read((end - begin) * 8)))
    return zlib.compress(words, 1)


def record_processes(disk, at):
    said = {"recorder": os.getpid(), "processes": []}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                said["processes"].append(process(int(name)))
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended meanwhile
    put(disk, at, json.dumps(said, separators=(",", ":")).encode())


def record_frames(disk, at):
    own = set()
    put(disk, at + FLAGS, words_of_frames("kpageflags", own))
    put(disk, at + COUNTS, words_of_frames("kpagecount", own))
    put(disk, at + OWN, json.dumps(sorted(own)).encode())


def put(disk, at, data):
    os.pwrite(disk, struct.pack("<Q", len(data)) + data, at)
    os.fsync(disk)


def cli(*words):
    """Runs the command line; its output."""
    ran = subprocess.run(
        ["node_modules/.bin/node", "out/main/cli.cjs", *words], capture_output=True, text=True,
    )
    if ran.returncode:
        raise SystemExit(ran.stdout + ran.stderr)
    return ran.stdout


started = start()
# The roots, as the module says them.
roots = {}
for line in cli("ps", "--json").splitlines():
    row = json.loads(line)
    roots[row["pid"]] = row["rootPa"]
print("===roots " + json.dumps(roots), flush=True)
disk = os.open("/dev/vdb", os.O_RDWR)


def capture():
    """The same, by cr3scope inside."""
    cli("report", "--all", "-o", "/run/inside.cr3scope")
    with open("/run/inside.cr3scope", "rb") as file:
        put(disk, THIRD, file.read())


record_processes(disk, 0)
capture()
# After all that takes many frames and gives them back, and twice: the first time this process grows.
record_frames(disk, 0)
record_frames(disk, 0)
print("===frozen", flush=True)
sys.stdin.readline()
record_frames(disk, SECOND)
record_processes(disk, SECOND)
print("===again", flush=True)
sys.stdin.readline()

# SPDX-License-Identifier: GPL-2.0-only
# Calls at /dev/cr3scope that only a program of its own can make; used by module.test.ts in a guest. One word names the case.
import ctypes, errno, fcntl, mmap, os, signal, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
READ, WRITE, PAGE, HUGE = 2, 1, 4096, 2 << 20


def request(direction, number, size):
    return direction << 30 | size << 16 | 0xC3 << 8 | number


INFO = request(READ, 0, 112)
PROCESSES = request(READ | WRITE, 1, 24)
WALK = request(READ | WRITE, 3, 128)
WALK_RANGE = request(READ | WRITE, 4, 80)
READ_FRAMES = request(READ | WRITE, 5, 32)
PAGE_KIND, CLEARED = 2, 12


def call(fd, number, data):
    """0, or the name of the error."""
    if libc.ioctl(fd, ctypes.c_ulong(number), data) == 0:
        return 0
    return errno.errorcode[ctypes.get_errno()]


def info(fd):
    return call(fd, INFO, ctypes.create_string_buffer(112))


def address(buffer):
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def walk(fd, va):
    data = ctypes.create_string_buffer(struct.pack('QQiIQ5Q5QQII', 0, va, os.getpid(), 0, 0, *[0] * 10, 0, 0, 0))
    assert call(fd, WALK, data) == 0
    return struct.unpack_from('Q', data, 112)[0] >> 60


def statuses(fd, pfns):
    n = len(pfns)
    frames = (ctypes.c_uint64 * n)(*pfns)
    status = (ctypes.c_uint32 * n)()
    bytes_ = ctypes.create_string_buffer(n * PAGE)
    data = struct.pack('QQQII', *map(ctypes.addressof, (frames, bytes_, status)), n, 0)
    assert call(fd, READ_FRAMES, ctypes.create_string_buffer(data)) == 0
    return list(status)


def pfn(va):
    with open('/proc/self/pagemap', 'rb') as pagemap:
        pagemap.seek(va // PAGE * 8)
        return struct.unpack('Q', pagemap.read(8))[0] & (1 << 55) - 1


def in_child(work):
    """What `work` says in a child."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, str(work()).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        return answer.read()


def become_nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def passed():
    """A descriptor that root opened, in the hands of somebody else, by SCM_RIGHTS."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

    def receive():
        become_nobody()
        _, [got], _, _ = socket.recv_fds(there, 1, 1)
        return info(got)

    socket.send_fds(here, [b'x'], [fd])
    print(in_child(receive), info(fd))


def dropped():
    """One's own descriptor after giving up capabilities: all of them, or one."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    course = [os.open(f, m) for f, m in (('/dev/pid_to_cr3', os.O_WRONLY), ('/proc/cr3', 0), ('/proc/page_reader', 0))]

    def attempt(work):
        try:
            work()
            return 'fine'
        except OSError as e:
            return errno.errorcode[e.errno]

    def all_of_them():
        become_nobody()
        return ' '.join(
            [
                str(info(fd)),
                attempt(lambda: os.write(course[0], b'1')),
                attempt(lambda: os.read(course[1], 100)),
                attempt(lambda: os.pread(course[2], 100, 0x200000)),
            ]
        )

    def without(capability):
        def work():
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            sets = (ctypes.c_uint32 * 6)()
            assert libc.capget(header, sets) == 0
            sets[0] &= ~(1 << capability)  # effective
            assert libc.capset(header, sets) == 0
            return info(fd)

        return work

    print(in_child(all_of_them), in_child(without(17)), in_child(without(21)), info(fd))


def bounded():
    """Calls that it takes to walk 12 GiB of empty PTE tables, and the most tables that one of them went through."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    tables = 6144
    # NORESERVE; touched and given back page by page, which leaves the tables behind.
    area = mmap.mmap(-1, (tables + 1) * HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, mmap.PROT_READ | mmap.PROT_WRITE)
    if os.path.exists('/sys/kernel/mm/transparent_hugepage'):
        area.madvise(15)  # MADV_NOHUGEPAGE
    begin = (address(area) + HUGE - 1) // HUGE * HUGE
    for i in range(tables):
        at = begin - address(area) + i * HUGE
        area[at] = 1
        area.madvise(mmap.MADV_DONTNEED, at, PAGE)
    runs, words = bytearray(32 * 256), bytearray(8 * 512 * 32)
    calls, most, at = 0, 0, begin
    while at < begin + tables * HUGE:
        data = ctypes.create_string_buffer(
            struct.pack('QQQQQIIiIQQII', 0, at, begin + tables * HUGE, address(runs), address(words), 256, 512 * 32, os.getpid(), *[0] * 5)
        )
        assert call(fd, WALK_RANGE, data) == 0
        after = struct.unpack_from('Q', data, 56)[0]
        calls, most, at = calls + 1, max(most, (after - at) // HUGE), after
    print(calls, most)


def restart():
    """Errors of many calls under many signals whose handler was set with SA_RESTART."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    records = bytearray(40 * 4096)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    errors = set()
    for _ in range(20000):
        data = ctypes.create_string_buffer(struct.pack('QIIii', address(records), 4096, 0, 1, 0))
        errors.add(call(fd, PROCESSES, data))
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(*errors)


def secret():
    """What the kernel's walk says of the direct map's view of an own page, and of one of memfd_secret."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    data = ctypes.create_string_buffer(112)
    assert call(fd, INFO, data) == 0
    direct_map = struct.unpack_from('Q', data, 32)[0]
    memory = libc.syscall(447, 0)
    if memory < 0:
        print('ENOSYS')
        return
    os.ftruncate(memory, PAGE)
    hidden = mmap.mmap(memory, PAGE, mmap.MAP_SHARED)
    hidden[0] = 1
    own = mmap.mmap(-1, PAGE)
    own[0] = 1
    for area in (own, hidden):
        va = direct_map + pfn(address(area)) * PAGE
        print(walk(fd, va), hex(va), flush=True)
    sys.stdin.readline()


def poison():
    """Statuses of frames of a huge page before and after one of them, which is not the first, got a memory error."""
    fd = os.open('/dev/cr3scope', os.O_RDONLY)
    with open('/proc/sys/vm/nr_hugepages') as pool:
        pages = int(pool.read())
    with open('/proc/sys/vm/nr_hugepages', 'w') as pool:
        pool.write(str(pages + 4))
    memory = os.memfd_create('huge', 4)  # MFD_HUGETLB
    os.ftruncate(memory, HUGE)
    area = mmap.mmap(memory, HUGE, mmap.MAP_SHARED)
    area[5 * PAGE] = 1
    first = pfn(address(area))
    wanted = [first, first + 3, first + 5]
    print(*statuses(fd, wanted))
    area.close()
    poisoner = os.fork()  # newer kernels kill it
    if poisoner == 0:
        area = mmap.mmap(memory, HUGE, mmap.MAP_SHARED)
        area[5 * PAGE] = 1
        libc.madvise(ctypes.c_void_p(address(area) + 5 * PAGE), ctypes.c_size_t(PAGE), 100)  # MADV_HWPOISON
        os._exit(0)
    os.waitpid(poisoner, 0)
    print(*statuses(fd, wanted))


globals()[sys.argv[1]]()

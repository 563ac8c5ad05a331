// Before all tests: compiles the fixtures, and gives the machine what they need (huge pages, a swap file).
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { compileFixtures } from './compile.ts';

const SWAP_FILE = 'out/fixtures/swap';
const SWAP_DEVICE = '/dev/zram0';
const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';

export default function setup(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error('The tests look at real page tables: run them as root (sudo npm test).');
  // In a guest the fixtures are the host's, and the swap is a device: its root file system can hold no swap file.
  const guest = process.env.CR3SCOPE_GUEST !== undefined;
  if (!guest) compileFixtures();

  const hugePages = readFileSync(HUGE_PAGES, 'utf8');
  writeFileSync(HUGE_PAGES, String(Number(hugePages) + 8));

  const swap = guest ? SWAP_DEVICE : SWAP_FILE;
  if (!guest) {
    rmSync(SWAP_FILE, { force: true });
    execFileSync('dd', ['if=/dev/zero', `of=${SWAP_FILE}`, 'bs=1M', 'count=64', 'status=none']);
    chmodSync(SWAP_FILE, 0o600);
    execFileSync('/sbin/mkswap', [SWAP_FILE], { stdio: 'ignore' });
  }
  execFileSync('/sbin/swapon', [swap]);
  return () => {
    execFileSync('/sbin/swapoff', [swap]);
    if (!guest) rmSync(SWAP_FILE);
    writeFileSync(HUGE_PAGES, hugePages);
  };
}

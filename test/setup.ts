// Before all tests: compiles the fixtures, and gives the machine what they need (huge pages, a swap file).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const SWAP_FILE = 'out/fixtures/swap';
const HUGE_PAGES = '/proc/sys/vm/nr_hugepages';

export default function setup(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error('The tests look at real page tables: run them as root (sudo npm test).');
  mkdirSync('out/fixtures', { recursive: true });
  for (const name of ['page-kinds', 'churn'])
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', `out/fixtures/${name}`, `test/fixtures/${name}.c`], {
      stdio: 'inherit',
    });

  const hugePages = readFileSync(HUGE_PAGES, 'utf8');
  writeFileSync(HUGE_PAGES, String(Number(hugePages) + 8));

  if (existsSync(SWAP_FILE)) rmSync(SWAP_FILE);
  execFileSync('dd', ['if=/dev/zero', `of=${SWAP_FILE}`, 'bs=1M', 'count=64', 'status=none']);
  execFileSync('chmod', ['600', SWAP_FILE]);
  execFileSync('/sbin/mkswap', [SWAP_FILE], { stdio: 'ignore' });
  execFileSync('/sbin/swapon', [SWAP_FILE]);
  return () => {
    execFileSync('/sbin/swapoff', [SWAP_FILE]);
    rmSync(SWAP_FILE);
    writeFileSync(HUGE_PAGES, hugePages);
  };
}

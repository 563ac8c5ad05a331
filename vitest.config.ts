// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** Guests run these by test/guest/guest.ts; elsewhere they have nothing to look at. */
const IN_GUEST = process.env.CR3SCOPE_GUEST !== undefined;

export default defineConfig({
  define: { CR3SCOPE_VERSION: JSON.stringify(version) },
  test: {
    reporters: ['default'],
    projects: [
      {
        extends: true,
        // What any user may run: nothing here looks at a machine.
        test: { name: 'user', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        // What needs root: these tests look at the page tables of this kernel.
        test: {
          name: 'root',
          include: [
            'test/live/**/*.test.ts',
            'test/e2e/**/*.test.ts',
            ...(IN_GUEST ? ['test/guest/**/*.test.ts'] : []),
          ],
          globalSetup: 'test/setup.ts',
          setupFiles: 'test/room-in-swap.ts',
          // They look at the whole machine; side by side they would only disturb each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 }, // after the others, so that nothing else runs meanwhile
          // A guest's emulated CPU takes its time.
          testTimeout: IN_GUEST ? 400_000 : 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: IN_GUEST ? 100_000 : 20_000 } },
        },
      },
      {
        extends: true,
        // What needs Debian's archive: by name only, with `npm run test:packages`.
        test: {
          name: 'packages',
          include: [IN_GUEST ? 'test/packages/guest/*.test.ts' : 'test/packages/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 60 * 60_000, // guests, on a machine with other work
          hookTimeout: 20 * 60_000,
          bail: 1, // each step of an installation needs the one before it
        },
      },
    ],
  },
});

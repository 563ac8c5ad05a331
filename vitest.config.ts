import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  define: { CR3SCOPE_VERSION: JSON.stringify(version) },
  test: {
    include: ['test/**/*.test.ts'],
    // These run in guests, by test/guest/guest.mjs.
    exclude: process.env.CR3SCOPE_GUEST === undefined ? ['test/guest/**'] : [],
    globalSetup: 'test/setup.ts',
    // The live tests look at the whole machine; side by side they would only disturb each other.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } }, // a guest's emulated CPU takes its time
    reporters: ['default'],
  },
});

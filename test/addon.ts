// SPDX-License-Identifier: GPL-2.0-only
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Words } from '../app/contract/sources.ts';

export const ADDON_PATH = resolve('native/build/Release/cr3scope.node');
/** Its Session reads page tables wrongly (native/test/wrong_frames.h); it exports the parts of TestAddon besides. */
export const TEST_ADDON_PATH = resolve('native/build/Release/cr3scope_test.node');

/** The facts of a kernel and CPU that decide how entries read. */
interface Facts {
  levels: number;
  maxPhysBits: number;
  encryptionMask: bigint;
  version: number;
  migration: boolean;
  memoryFailure: boolean;
  devicePrivate: boolean;
  /** Whether these options are assumed. */
  assumed?: boolean;
}

/** What native/test exports: pure parts of the core, by themselves. */
interface TestAddon {
  decode(
    raw: bigint,
    level: number,
    facts: Facts,
    kernelHalf: boolean,
  ): {
    kind: number;
    shift: number;
    swapType: number;
    pfn: bigint;
    swapOffset: bigint;
    violation: bigint;
    assumed: boolean;
  };
  access(entry: BigUint64Array, last: number, levels: number): number;
  /** The verdict on page `page` of an entry, counted from its first; verdict and note by number. */
  judge(
    words: Partial<Words>,
    level: number,
    page: number,
    facts: Facts,
    zeroPfn: bigint,
    hugeZeroPage: boolean,
  ): { verdict: number; note: number };
  /** The options of a kernel that leaves this many swap types to swap files; null where none does. */
  swapConfig(version: number, swapFiles: number): Pick<Facts, 'migration' | 'memoryFailure' | 'devicePrivate'> | null;
  /** The same by the BTF of the running kernel. */
  swapConfigByBtf(version: number): ReturnType<TestAddon['swapConfig']>;
  /** The note of the rule by which pagemap leaves out an entry, by number. */
  leftOutByPagemap(raw: bigint, level: number, facts: Facts, vmFlags: string): number;
}

export const testAddon = createRequire(TEST_ADDON_PATH)(TEST_ADDON_PATH) as TestAddon;

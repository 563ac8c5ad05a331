// SPDX-License-Identifier: GPL-2.0-only
// Captures and memory images that a page opens, and those that were opened last.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Result } from '../contract/api.ts';
import { capturedSources, openCapture } from './capture/captured.ts';
import { NO_CAPTURE } from './capture/container.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON } from './files.ts';
import { withPlaces } from './places.ts';
import { recentOf } from './recent.ts';
import { Failed } from './sources/failed.ts';
import { openSources, type Sources } from './sources/sources.ts';

const recent = recentOf('captures');

export const listCaptures = (): Result<'captures'> => ({
  recent: recent.list().map((path) => ({ path, missing: !existsSync(path) })),
});

/** Those of an image in which Linux is found. Others need a root by hand: `--root`. */
async function imageSources(path: string): Promise<Sources> {
  const sources = await openSources(ADDON, {
    path: resolve(path),
    ...withPlaces(path),
    root: 0n,
    levels: 0,
    ranges: new BigUint64Array(),
  });
  await sources.processes();
  return sources;
}

async function sourcesIn(path: string): Promise<Sources> {
  try {
    return capturedSources(await openCapture(path));
  } catch (error) {
    if (Failed.from(error).code !== NO_CAPTURE) throw error;
  }
  try {
    return await imageSources(path);
  } catch (error) {
    const { message, remedy } = Failed.from(error);
    throw new Failed(`${path} is neither a capture nor a memory image of Linux: ${message}`, remedy, NO_CAPTURE);
  }
}

/** Opens a capture or a memory image, and remembers it unless the file is only lent. Throws Failed if it is neither. */
export async function exploreFile(path: string, notices: readonly string[] = [], lent = false): Promise<Explorer> {
  const explorer = new Explorer(await sourcesIn(path), notices);
  if (!lent) recent.remember(resolve(path));
  return explorer;
}

// SPDX-License-Identifier: GPL-2.0-only
// What is kept of memory images in the user's cache: where scans of each found things. Finding them reads an image to its
// end, if it has no notes that say where they are.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const MOST = 200;

/** The file of an image as it is now, by what tells it from others; none if nothing can be kept. */
export function withPlaces(path: string): { places?: string } {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cr3scope', 'images');
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = readdirSync(folder);
    if (kept.length > MOST) for (const name of kept) rmSync(join(folder, name), { force: true });
    return { places: join(folder, [dev, ino, size, mtimeNs].join('-')) };
  } catch {
    return {}; // a home that can't be written to
  }
}

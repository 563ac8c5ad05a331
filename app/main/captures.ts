// SPDX-License-Identifier: GPL-2.0-only
// Captures that a page opens, and those that were opened last.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Result } from '../contract/api.ts';
import { capturedSources, openCapture } from './capture/captured.ts';
import { Explorer } from './explorer/explorer.ts';
import { recentOf } from './recent.ts';

const recent = recentOf('captures');

export const listCaptures = (): Result<'captures'> => ({
  recent: recent.list().map((path) => ({ path, missing: !existsSync(path) })),
});

/** Opens a capture, and remembers it unless the file is only lent. Throws Failed if it is none. */
export async function exploreCapture(path: string, notices: readonly string[] = [], lent = false): Promise<Explorer> {
  const explorer = new Explorer(capturedSources(await openCapture(path)), notices);
  if (!lent) recent.remember(resolve(path));
  return explorer;
}

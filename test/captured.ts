// SPDX-License-Identifier: GPL-2.0-only
// A capture of the fixture of every kind of page, beside the machine that it was made from.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capturedSources, readCapture } from '../app/main/capture/captured.ts';
import { captureProcesses } from '../app/main/capture/record.ts';
import { Explorer } from '../app/main/explorer/explorer.ts';
import { openSources } from '../app/main/sources/sources.ts';
import { ADDON_PATH } from './addon.ts';
import { startFixture } from './fixture.ts';

export async function captureFixture() {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-capture-'));
  const file = join(folder, 'fixture.cr3scope');
  const sources = await openSources(ADDON_PATH);
  const live = new Explorer(sources);
  const fixture = await startFixture('page-kinds', ['out/fixtures']);
  // Writeback write-protects the dirty pages of a file. Let it happen now rather than between capture and comparison.
  execFileSync('sync', ['--file-system', 'out/fixtures']);
  const pids = [...new Set(fixture.cases.map((c) => c.pid))];
  const wanted = pids.map((pid) => ({ pid, startTicks: 0n }));
  const { summaries } = await captureProcesses(live, file, wanted, { frames: 'bytes', memory: true });
  if (summaries.length !== pids.length || summaries.some((s) => s.outcome)) throw new Error('the fixture went away');
  const contents = readCapture(file);
  if (contents.problem) throw contents.problem;
  return {
    folder,
    file,
    sources,
    live,
    fixture,
    pids,
    captured: new Explorer(capturedSources(contents)),
    stop: async () => {
      await fixture.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

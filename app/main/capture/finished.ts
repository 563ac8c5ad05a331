// SPDX-License-Identifier: GPL-2.0-only
// A finished check as a document: it keeps the packed pages, as a capture does, but in memory and up to a limit.
import type { CheckRecord, Explorer } from '../explorer/explorer.ts';
import { NO_REGIONS } from './captured.ts';
import type { Document } from './document.ts';
import { CapturedPages, countStretches } from './pages.ts';
import { origin } from './record.ts';

/** Packed pages that one finished check keeps in memory. */
const MOST_PACKED = 1 << 25;

/** Collects the packed pages of a check while it runs. */
export class PageCollector {
  readonly pages = new CapturedPages();
  private length = 0;
  private dropped = 0n;

  add(packed: Uint8Array): void {
    if (packed.length === 0) return;
    this.length += packed.length;
    if (this.length <= MOST_PACKED) this.pages.add(packed);
    else this.dropped += BigInt(countStretches(packed));
  }

  document(record: CheckRecord, explorer: Explorer): Document {
    const { pid, startTicks, name, user, target, regions, summary, evidence, startedAt, finishedAt } = record;
    return {
      begin: { ...origin(explorer, target), startedAt: startedAt.toISOString(), startNs: summary.beginNs },
      end: { finishedAt: finishedAt.toISOString() },
      spaces: [
        {
          pid,
          startTicks,
          name,
          user,
          at: startedAt.toISOString(),
          regions: regions ?? NO_REGIONS,
          pages: this.pages,
          evidence: [...evidence],
          summary,
          fullSummary: () => summary,
          dropped: { stretches: this.dropped, evidence: record.evidenceDropped },
        },
      ],
      skipped: [],
      cpus: undefined,
      traced: [],
      watches: [],
      notes: [],
      problem: undefined,
      digest: null,
    };
  }
}

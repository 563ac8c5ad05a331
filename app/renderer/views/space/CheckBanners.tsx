// SPDX-License-Identifier: GPL-2.0-only
// Messages about a check, such as errors.
import { sayProof } from '../../../contract/proof.ts';
import { Banner } from '../../parts/Banner.tsx';
import { useCheck } from '../../state/check.ts';

export function CheckBanners() {
  const summary = useCheck((s) => s.check?.summary);
  const error = useCheck((s) => s.check?.error);
  return (
    <>
      {summary?.proof && (
        <Banner tone={summary.proof.differ ? 'bad' : 'fine'} role="status">
          Bytes of frames against /proc/PID/mem: {sayProof(summary.proof)}.
        </Banner>
      )}
      {error && (
        <Banner role="alert">
          <strong>The check did not finish:</strong> {error.message}. {error.remedy}
        </Banner>
      )}
      {summary && summary.outcome > 0 && (
        <Banner role="alert">
          The process {summary.outcome === 1 ? 'exited' : 'executed another program'} during the check: its remaining
          pages are not comparable.
        </Banner>
      )}
    </>
  );
}

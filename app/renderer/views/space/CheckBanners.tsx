// SPDX-License-Identifier: GPL-2.0-only
// Messages about a check, such as errors.
import { clock } from '../../../contract/format.ts';
import { sayProof } from '../../../contract/proof.ts';
import { hasSource } from '../../lib/sources.ts';
import { Banner } from '../../parts/Banner.tsx';
import { shownCheck, useCheck } from '../../state/check.ts';
import { isPrivileged, usePrivileges } from '../../state/privileges.ts';
import { isListed, useProcesses } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureText } from '../common/FailureNote.tsx';

export function CheckBanners() {
  const check = useCheck((s) => s.check);
  const shown = useCheck(shownCheck);
  const processes = useProcesses((s) => s.processes);
  const space = useSpace((s) => s.space);
  const { summary, at } = shown ?? {};
  const { error } = check ?? {};
  const gone = error?.code === 'ESRCH' || (processes && space && !isListed(processes, space));
  const target = useTarget((s) => s.target);
  const privileged = usePrivileges(isPrivileged);
  return (
    <>
      {target && !hasSource(target, 'tableWalk') && (
        <Banner role="note">
          Its regions are shown, and which of its pages are present. Nothing can be checked:{' '}
          {privileged ? 'no source reads page tables here.' : 'frame numbers and page tables need privileges.'}
        </Banner>
      )}
      {summary?.proof && (
        <Banner tone={summary.proof.differ ? 'bad' : 'fine'} role="status">
          Bytes of frames against /proc/PID/mem: {sayProof(summary.proof)}.
        </Banner>
      )}
      {gone && at && (
        <Banner role="alert">
          <strong>This process is gone.</strong> Its last check finished at {clock(at)}, and is kept below.
        </Banner>
      )}
      {error && !(gone && at) && (
        <Banner role="alert">
          <strong>The check did not finish:</strong> <FailureText failure={error} space={space} />{' '}
          {at && shown !== check && `The result of ${clock(at)} is shown.`}
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

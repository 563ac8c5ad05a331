// SPDX-License-Identifier: GPL-2.0-only
// Of a virtual machine of this host: where QEMU and the host have the page, and whether all three hold the same bytes.
import { useEffect, useState } from 'react';
import type { Failure, HostWalk as Walk } from '../../../contract/api.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { sayBytes, saySizes } from '../../../contract/hostWalk.ts';
import { explorer, failure } from '../../lib/client.ts';
import { Fact } from '../../parts/Fact.tsx';
import { FailureNote } from '../common/FailureNote.tsx';

/** `pa`: where the guest has it; `shift`: of the guest's page. */
export function HostWalk({ pa, shift }: { pa: bigint; shift: 12 | 21 | 30 }) {
  const [walk, setWalk] = useState<Walk>();
  const [error, setError] = useState<Failure>();
  // What was read is of that page.
  useEffect(() => {
    setWalk(undefined);
    setError(undefined);
  }, [pa, shift]);
  const read = () =>
    explorer()
      .call('hostWalk', { pa, shift })
      .then(
        (found) => {
          setWalk(found);
          setError(undefined);
        },
        (reason: unknown) => setError(failure(reason)),
      );
  return (
    <section className="host-walk" aria-label="On the host">
      <button type="button" onClick={() => void read()}>
        {walk ? 'Walk on the host again' : 'Walk on, on the host'}
      </button>
      {error && <FailureNote failure={error} />}
      {walk && (
        <>
          <dl className="facts">
            <Fact name="In QEMU" num>
              {walk.pid}: {hexVa(walk.va)}
            </Fact>
            <Fact name="Host physical" num={walk.pa !== null}>
              {walk.pa === null ? 'no frame' : `0x${hex(walk.pa)}`}
            </Fact>
            {walk.pa !== null && <Fact name="Page">{saySizes(walk)}</Fact>}
            <Fact name="Bytes">{sayBytes(walk)}</Fact>
          </dl>
          <pre className="num">{walk.story.join('\n')}</pre>
        </>
      )}
    </section>
  );
}

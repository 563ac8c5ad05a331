// SPDX-License-Identifier: GPL-2.0-only
// The map of a range of frames, read when it is shown and on request.
import { useEffect, useState } from 'react';
import type { Failure, MemoryMap } from '../../../contract/api.ts';
import { explorer, failure } from '../../lib/client.ts';

/** `flag` is the bit of kpageflags that is counted. Nothing is read while `cells` is 0. */
export function useMap(range: { begin: bigint; end: bigint }, cells: number, flag: number) {
  const [map, setMap] = useState<MemoryMap>();
  const [error, setError] = useState<Failure>();
  const [again, setAgain] = useState(0);
  /** Those that were asked for, and that the map is by. */
  const [walks, setWalks] = useState(0);
  const [busy, setBusy] = useState(range.end > range.begin);
  useEffect(() => {
    if (range.end <= range.begin || cells === 0) return;
    let current = true;
    setBusy(true);
    const timer = setTimeout(() => {
      explorer()
        .call('memory', { ...range, cells, flags: 1n << BigInt(flag), again: again !== walks })
        .then(
          (result) => {
            if (!current) return;
            setBusy(false);
            setMap(result);
            setError(undefined);
            setWalks(again);
          },
          (reason) => {
            if (!current) return;
            setBusy(false);
            setError(failure(reason));
          },
        );
    }, 120); // while it is resized
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [range, cells, flag, again]);
  return { map, busy, error, walks, walkAgain: () => setAgain(again + 1) };
}

// SPDX-License-Identifier: GPL-2.0-only
// The 64 bits of an entry as cells, coloured by meaning.
import { type Flag, flagsByBit } from '../../../contract/paging.ts';

export function EntryBits({ raw, mask, flags }: { raw: bigint; mask: bigint; flags: readonly Flag[] }) {
  const byBit = flagsByBit(flags);
  return (
    <div className="bits" role="img" aria-label={`Bits 63 to 0: ${raw.toString(2).padStart(64, '0')}`}>
      {Array.from({ length: 64 }, (_, i) => {
        const n = 63 - i;
        const on = (raw >> BigInt(n)) & 1n;
        const flag = byBit.get(n);
        const kind =
          n === 63 ? 'nx' : flag ? (n >= 9 ? 'soft' : 'flag') : (mask >> BigInt(n)) & 1n ? 'address' : 'other';
        return (
          <i
            key={n}
            className={`bit-${kind} ${on ? 'on' : ''}`}
            title={`bit ${n} = ${on}${flag ? `: ${flag.name}, ${flag.meaning}` : kind === 'address' ? ': address' : ''}`}
          />
        );
      })}
    </div>
  );
}

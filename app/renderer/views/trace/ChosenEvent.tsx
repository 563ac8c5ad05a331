// SPDX-License-Identifier: GPL-2.0-only
// The chosen event, and its root in the forms that other tools accept.
import { hex } from '../../../contract/format.ts';
import { userRootOf } from '../../../contract/paging.ts';
import { filterOf, sayTraced } from '../../../contract/trace.ts';
import { copyText } from '../../state/clipboard.ts';
import { useTarget } from '../../state/target.ts';
import type { TracedEvent } from '../../state/trace.ts';

export function ChosenEvent({ event }: { event: TracedEvent }) {
  const pti = useTarget((s) => s.target?.pti ?? false);
  const filter = filterOf(event);
  return (
    <div className="table-bar">
      <span className="ellipsis">{sayTraced(event)}</span>
      <span className="spacer" />
      {filter && pti && <span className="num dim">user root 0x{hex(userRootOf(event.after))}</span>}
      {filter &&
        (['hex', 'decimal'] as const).map((form) => (
          <button
            key={form}
            type="button"
            title={`As a hardware tracer’s CR3 filter expects it (IA32_RTIT_CR3_MATCH): ${filter[form]}`}
            onClick={() => copyText(filter[form])}
          >
            Copy root, {form}
          </button>
        ))}
    </div>
  );
}

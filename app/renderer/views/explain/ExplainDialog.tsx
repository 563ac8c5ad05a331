// SPDX-License-Identifier: GPL-2.0-only
// A raw entry, bit by bit, at any level.
import { Dialog } from '@base-ui/react/dialog';
import { explain, levelTitle, plausibleLevels } from '../../../contract/explain.ts';
import { hex } from '../../../contract/format.ts';
import { levelName } from '../../../contract/paging.ts';
import { closeExplanation, explainEntry, useExplained } from '../../state/explain.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/popup.css';
import '../../parts/modal.css';
import '../../parts/listing.css';
import './explain.css';

export function ExplainDialog() {
  const shown = useExplained((s) => s.entry);
  const target = useTarget((s) => s.target);
  if (!target) return null;
  const { levels, release } = target;
  const plausible = shown ? plausibleLevels(shown.raw, target) : [];
  const level = shown?.level ?? plausible[0] ?? 1;
  const e = shown && explain(shown.raw, level, target, release, shown.half);
  return (
    <Dialog.Root open={shown !== undefined} onOpenChange={(open) => !open && closeExplanation()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog wide-dialog">
          {shown && e && (
            <>
              <Dialog.Title className="popup-title">
                Entry <span className="num">0x{hex(shown.raw, 16)}</span>
              </Dialog.Title>
              <div className="levels" role="radiogroup" aria-label="Level">
                {Array.from({ length: levels }, (_, i) => levels - i).map((l) => (
                  <label key={l} title={levelTitle(l, levels)}>
                    <input
                      type="radio"
                      name="level"
                      checked={l === level}
                      onChange={() => explainEntry(shown.raw, l, shown.half)}
                    />
                    {levelName(l, levels)}
                    {!plausible.includes(l) && <span className="dim"> (unlikely)</span>}
                  </label>
                ))}
              </div>
              <Dialog.Description>{e.summary}</Dialog.Description>
              <div className="scroll" tabIndex={0} role="group" aria-label="Fields">
                <table className="listing">
                  <thead>
                    <tr>
                      <th>Bits</th>
                      <th>Field</th>
                      <th>Value</th>
                      <th>Meaning</th>
                      <th>Rule</th>
                    </tr>
                  </thead>
                  <tbody>
                    {e.fields.map((f) => (
                      <tr key={f.high} className={f.value === 0n ? 'dim' : ''}>
                        <td className="num">{f.high === f.low ? f.high : `${f.high}–${f.low}`}</td>
                        <td>{f.name}</td>
                        <td className="num">{f.high === f.low ? String(f.value) : `0x${hex(f.value)}`}</td>
                        <td>{f.meaning}</td>
                        <td className="dim">{f.source}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <div className="buttons">
                <code className="dim">
                  cr3scope explain 0x{hex(shown.raw, 16)} --level {levelName(level, levels).toLowerCase()}
                </code>
                <span>
                  <PlaceMenu
                    place={{ view: 'entry', raw: shown.raw, level: levelName(level, levels).toLowerCase() }}
                    what="this explanation"
                  />{' '}
                  <Dialog.Close>Close</Dialog.Close>
                </span>
              </div>
            </>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

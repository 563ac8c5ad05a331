// SPDX-License-Identifier: GPL-2.0-only
// A raw entry, bit by bit, at any level.
import { explain, levelTitle, plausibleLevels } from '../../../contract/explain.ts';
import { hex } from '../../../contract/format.ts';
import { levelName } from '../../../contract/paging.ts';
import { Modal, ModalClose, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { closeExplanation, explainEntry, useExplained } from '../../state/explain.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
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
    <Modal open={shown !== undefined} onClose={closeExplanation} className="wide-dialog">
      {shown && e && (
        <>
          <ModalTitle>
            Entry <span className="num">0x{hex(shown.raw, 16)}</span>
          </ModalTitle>
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
          <ModalText>{e.summary}</ModalText>
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
              <ModalClose>Close</ModalClose>
            </span>
          </div>
        </>
      )}
    </Modal>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// Exports one process or all of them to a file.

import { Download } from 'lucide-react';
import { useState } from 'react';
import { FRAMES_KEPT, type FramesKept } from '../../../contract/api.ts';
import { count } from '../../../contract/format.ts';
import { EXPORT_FORMATS, FORMATS } from '../../../contract/formats.ts';
import { Modal, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { shownCheck, useCheck } from '../../state/check.ts';
import {
  cancelExport,
  closeExport,
  type ExportScope,
  type Format,
  type Running,
  setExporting,
  startExport,
  useExport,
} from '../../state/export.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureText } from '../common/FailureNote.tsx';
import './export.css';

const FRAMES: Readonly<Record<FramesKept, string>> = {
  none: 'no contents of frames',
  digests: 'a SHA-256 of each frame: shows which frames are equal, and nothing else',
  bytes: 'the bytes of each frame',
};

function sayProgress({ at }: Running): string {
  if (!at?.of) return 'Beginning…';
  const pages = at.total ? `, ${count(at.done)} of ${count(at.total)} pages of the next` : '';
  return `${count(at.processes)} of ${count(at.of)} processes${at.of === 1 && at.total ? `: ${count(at.done)} of ${count(at.total)} pages` : pages}`;
}

export function ExportDialog() {
  const scope = useExport((s) => s.scope);
  const space = useSpace((s) => s.space);
  const checked = useCheck((s) => shownCheck(s)?.summary !== undefined);
  const target = useTarget((s) => s.target);
  const [format, setFormat] = useState<Format>('html');
  const [frames, setFrames] = useState<FramesKept>('none');
  const running = useExport((s) => s.running);
  const error = useExport((s) => s.error);
  const captured = target?.capture != null;
  const one = scope === 'process' && space !== undefined;
  const choices = (['html', 'cr3scope', ...EXPORT_FORMATS.slice(1)] as Format[]).filter(
    (f) => !(captured && f === 'cr3scope'),
  );
  const chosen = choices.includes(format) ? format : 'html';

  const scopes: [ExportScope, string][] = [
    ...(space && checked ? [['process', `${space.pid} ${space.name}`] as [ExportScope, string]] : []),
    ['all', captured ? 'every process of this capture' : 'every process, and the map of physical memory'],
  ];
  return (
    <Modal open={scope !== undefined} onClose={closeExport} className="export">
      <ModalTitle>Export</ModalTitle>
      <ModalText className="dim">
        {chosen === 'cr3scope' && frames !== 'none'
          ? 'The file contains facts, verdicts, the raw words that they come from, and what you choose below.'
          : 'The file contains facts, verdicts and the raw words that they come from. It contains no bytes of memory.'}
      </ModalText>
      <fieldset disabled={running !== undefined}>
        <legend>Of</legend>
        {scopes.map(([value, label]) => (
          <label key={value} className="choice">
            <input type="radio" name="scope" checked={scope === value} onChange={() => setExporting(value)} />
            <span className="wide">{label}</span>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={running !== undefined}>
        <legend>As</legend>
        {choices.map((f) => (
          <label key={f} className="choice">
            <input type="radio" name="format" checked={chosen === f} onChange={() => setFormat(f)} />
            <strong>{FORMATS[f].label}</strong>
            <span className="dim">{FORMATS[f].detail}</span>
          </label>
        ))}
      </fieldset>
      {chosen === 'cr3scope' && (
        <fieldset disabled={running !== undefined}>
          <legend>With</legend>
          {FRAMES_KEPT.map((kept) => (
            <label key={kept} className="choice">
              <input type="radio" name="frames" checked={frames === kept} onChange={() => setFrames(kept)} />
              <span className="wide">{FRAMES[kept]}</span>
            </label>
          ))}
          {frames === 'bytes' && (
            <p className="complaint" role="status">
              The file will contain {one ? 'the memory of this process' : 'all memory that processes map'}, including
              passwords and keys.
            </p>
          )}
        </fieldset>
      )}
      {running && (
        <p role="status" className="num">
          {sayProgress(running)}
        </p>
      )}
      {error && (
        <p className="complaint" role="alert">
          <FailureText failure={error} space={one ? space : undefined} />
        </p>
      )}
      <div className="buttons">
        <button type="button" onClick={running ? cancelExport : closeExport}>
          {running ? 'Stop' : 'Cancel'}
        </button>
        <button
          type="button"
          className="primary"
          disabled={running !== undefined}
          onClick={() => void startExport(chosen, frames)}
        >
          <Download size={13} aria-hidden="true" /> {running ? 'Writing…' : 'Save'}
        </button>
      </div>
    </Modal>
  );
}

// What is known as a file to keep, send or print: a process, or every one.
import { Dialog } from '@base-ui/react/dialog';
import { Download } from 'lucide-react';
import { useEffect, useState } from 'react';
import {
  type Args,
  EXPORT_FORMATS,
  type ExportEvent,
  type Failure,
  FRAMES_KEPT,
  type FramesKept,
  REPORT_FORMATS,
} from '../../contract/api.ts';
import { count } from '../../contract/format.ts';
import { explorer, failure } from '../lib/client.ts';
import { download } from '../lib/download.ts';
import { type ExportScope, setExporting, useStore } from '../store.ts';

type Format = Args<'startExport'>['format'];

const FORMATS: Readonly<Record<Format, { label: string; detail: string }>> = {
  html: { label: 'HTML', detail: 'to read, print and send: one file, opens anywhere' },
  cr3scope: {
    label: 'Capture',
    detail: 'every page, table and word, hashed: cr3scope opens it anywhere, without a machine',
  },
  parquet: { label: 'Parquet', detail: 'every page as columns, for DuckDB and Spark' },
  jsonl: { label: 'JSON Lines', detail: 'every page, one object a line, by a published schema' },
  json: { label: 'JSON', detail: 'the facts, rows and evidence of this check, by a published schema' },
  csv: { label: 'CSV', detail: 'one line a stretch of pages, for a spreadsheet' },
  md: { label: 'Markdown', detail: 'a summary to paste' },
};

const FRAMES: Readonly<Record<FramesKept, string>> = {
  none: 'no contents of frames',
  digests: 'a SHA-256 of each frame: tells equal frames, and nothing else',
  bytes: 'the bytes of each frame',
};

const isReport = (format: Format) => REPORT_FORMATS.some((f) => f === format);
const safeName = (name: string) => name.replace(/[^\w.-]+/g, '_');

/** An export that runs, and the name that its file is to have. */
interface Running {
  readonly id: string;
  readonly file: string;
  readonly at?: ExportEvent;
}

function sayProgress({ at }: Running): string {
  if (!at?.of) return 'Beginning…';
  const pages = at.total ? `, ${count(at.done)} of ${count(at.total)} pages of the next` : '';
  return `${count(at.processes)} of ${count(at.of)} processes${at.of === 1 && at.total ? `: ${count(at.done)} of ${count(at.total)} pages` : pages}`;
}

export function ExportDialog() {
  const scope = useStore((s) => s.exporting);
  const space = useStore((s) => s.space);
  const check = useStore((s) => s.check);
  const target = useStore((s) => s.target);
  const [format, setFormat] = useState<Format>('html');
  const [frames, setFrames] = useState<FramesKept>('none');
  const [running, setRunning] = useState<Running>();
  const [error, setError] = useState<Failure>();
  const captured = target?.capture != null;
  const one = scope === 'process' && space !== undefined;
  const choices = (['html', 'cr3scope', ...EXPORT_FORMATS.slice(1), ...(one ? ['json'] : [])] as Format[]).filter(
    (f) => !(captured && f === 'cr3scope'),
  );
  const chosen = choices.includes(format) ? format : 'html';

  useEffect(() => {
    if (!running) return;
    return explorer().on('export', (event) => {
      if (event.id !== running.id) return;
      if (!event.end) return setRunning({ ...running, at: event });
      setRunning(undefined);
      if ('bytes' in event.end) {
        download(running.id, running.file);
        setExporting(undefined);
      } else if (event.end.error.code !== 'ECANCELED') setError(event.end.error);
    });
  }, [running]);

  function cancel() {
    if (running) void explorer().call('cancel', { id: running.id });
  }
  function close() {
    cancel();
    setError(undefined);
    setExporting(undefined);
  }

  async function save() {
    const id = crypto.randomUUID();
    const named = one ? `${space.pid}-${safeName(space.name)}` : safeName(target?.hostname ?? 'machine');
    setError(undefined);
    setRunning({ id, file: `cr3scope-${named}.${chosen}` });
    try {
      await explorer().call('startExport', {
        id,
        check: one && isReport(chosen) ? (check?.id ?? '') : '',
        pid: one ? space.pid : 0,
        startTicks: one ? space.startTicks : 0n,
        format: chosen,
        frames,
      });
    } catch (reason) {
      setRunning(undefined);
      setError(failure(reason));
    }
  }

  const scopes: [ExportScope, string][] = [
    ...(space && check?.summary ? [['process', `${space.pid} ${space.name}`] as [ExportScope, string]] : []),
    ['all', captured ? 'every process of this capture' : 'every process, and the map of physical memory'],
  ];
  return (
    <Dialog.Root open={scope !== undefined} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog export">
          <Dialog.Title className="popup-title">Export</Dialog.Title>
          <Dialog.Description className="dim">
            {chosen === 'cr3scope' && frames !== 'none'
              ? 'The file holds facts, verdicts, the raw words behind them, and what of the frames is chosen below.'
              : 'The file holds facts, verdicts and the raw words behind them. It holds no memory contents.'}
          </Dialog.Description>
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
                  The file will hold {one ? 'the memory of this process' : 'all memory that processes map'}: passwords,
                  keys and all.
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
              {error.message}. {error.remedy}
            </p>
          )}
          <div className="buttons">
            <button type="button" onClick={running ? cancel : close}>
              {running ? 'Stop' : 'Cancel'}
            </button>
            <button type="button" className="primary" disabled={running !== undefined} onClick={() => void save()}>
              <Download size={13} aria-hidden="true" /> {running ? 'Writing…' : 'Save'}
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

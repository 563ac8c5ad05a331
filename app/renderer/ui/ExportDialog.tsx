import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { REPORT_FORMATS } from '../../contract/api.ts';
import { explorer } from '../lib/client.ts';
import { notify, setExporting, useStore } from '../store.ts';

/** Of the finished check as it is shown; the others are captured anew, page by page. */
const CAPTURED = ['cr3scope', 'parquet', 'jsonl', 'md'] as const;
const CHOICES = [...REPORT_FORMATS, ...CAPTURED] as const;
type Format = (typeof CHOICES)[number];
const isReport = (format: Format): format is (typeof REPORT_FORMATS)[number] =>
  (REPORT_FORMATS as readonly string[]).includes(format);

const FORMATS: Readonly<Record<Format, { label: string; detail: string; type: string }>> = {
  cr3scope: {
    label: 'Capture',
    detail: 'every page, table and word, hashed: cr3scope opens it anywhere, without a machine',
    type: 'application/octet-stream',
  },
  parquet: {
    label: 'Parquet',
    detail: 'every page as columns, for DuckDB and Spark',
    type: 'application/octet-stream',
  },
  jsonl: { label: 'JSON Lines', detail: 'every page, one object a line, by a published schema', type: 'text/plain' },
  md: { label: 'Markdown', detail: 'a summary to paste', type: 'text/markdown' },
  html: { label: 'HTML', detail: 'to read, print and send: one file, opens anywhere', type: 'text/html' },
  json: { label: 'JSON', detail: 'all facts, rows and evidence, by a published schema', type: 'application/json' },
  csv: { label: 'CSV', detail: 'one line a stretch of pages, for a spreadsheet', type: 'text/csv' },
};

export function ExportDialog() {
  const open = useStore((s) => s.exporting);
  const space = useStore((s) => s.space);
  const check = useStore((s) => s.check);
  const captured = useStore((s) => s.target?.capture !== null);
  const [format, setFormat] = useState<Format>('html');
  const [busy, setBusy] = useState(false);

  async function save() {
    if (!check || !space) return;
    setBusy(true);
    try {
      const { pid, startTicks } = space;
      const content = isReport(format)
        ? await explorer().call('report', { id: check.id, format })
        : await explorer().call('capture', { pid, startTicks, format });
      const url = URL.createObjectURL(new Blob([content as BlobPart], { type: FORMATS[format].type }));
      const link = document.createElement('a');
      link.href = url;
      link.download = `cr3scope-${space.pid}-${space.name.replace(/[^\w.-]+/g, '_')}.${format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      setExporting(false);
    } catch (error) {
      notify(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog.Root open={open} onOpenChange={setExporting}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="popup-title">
            Export the check of {space?.pid} {space?.name}
          </Dialog.Title>
          <Dialog.Description className="dim">
            The report holds target facts, verdicts and the raw words behind them. It holds no memory contents.
          </Dialog.Description>
          <fieldset>
            <legend className="sr-only">Format</legend>
            {CHOICES.filter((f) => f !== 'cr3scope' || !captured).map((f) => (
              <label key={f} className="choice">
                <input type="radio" name="format" checked={format === f} onChange={() => setFormat(f)} />
                <strong>{FORMATS[f].label}</strong>
                <span className="dim">{FORMATS[f].detail}</span>
              </label>
            ))}
          </fieldset>
          <div className="buttons">
            <Dialog.Close>Cancel</Dialog.Close>
            <button type="button" className="primary" disabled={busy} onClick={() => void save()}>
              {busy ? 'Writing…' : 'Save'}
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

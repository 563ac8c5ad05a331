// SPDX-License-Identifier: GPL-2.0-only
// The snapshots, and the choice of the two that are compared.
import { bytes, count } from '../../../contract/format.ts';
import { FormBar } from '../../parts/Bar.tsx';
import { chooseSnapshot } from '../../state/captures.ts';
import { choose, compare, dropSnapshot, type Kept, openSnapshot, useCompare } from '../../state/compare.ts';
import { useKept } from '../../state/kept.ts';

const time = (iso: string) => new Date(iso).toLocaleTimeString('en-GB');
const date = (iso: string) => new Date(iso).toLocaleDateString('sv');
function sayKept({ space, path, at, pages, processes }: Kept): string {
  const whose = space ? `${space.pid} ${space.name}` : `${processes} ${processes === 1 ? 'process' : 'processes'}`;
  const what = path ? `${path.split('/').at(-1)} · ${date(at)} ` : '';
  return `${what}${time(at)} · ${whose} · ${count(pages)} pages`;
}

/** Opens a capture to compare with. */
export function OpenForm() {
  const busy = useCompare((s) => s.busy);
  const [path, setPath] = useKept('compare.path', '');
  return (
    <FormBar
      onSubmit={() => {
        if (path.trim()) void openSnapshot(path.trim());
      }}
    >
      <input
        className="num command"
        aria-label="Capture in a file"
        placeholder="a capture in a file: /path/to/before.cr3scope"
        value={path}
        spellCheck={false}
        onChange={(e) => setPath(e.target.value)}
      />
      <button type="submit" disabled={busy !== '' || !path.trim()}>
        Open
      </button>
      <button type="button" disabled={busy !== ''} onClick={() => void chooseSnapshot()}>
        Choose a file…
      </button>
    </FormBar>
  );
}

function Choices({ snapshots }: { snapshots: readonly Kept[] }) {
  return snapshots.map((s) => (
    <option key={s.id} value={s.id}>
      {sayKept(s)}
    </option>
  ));
}

/** Chooses two snapshots and compares them. `captured`: the window shows a capture, so "now" is not offered. */
export function CompareForm({ captured }: { captured: boolean }) {
  const { snapshots, busy, before, after } = useCompare();
  const kept = snapshots.reduce((n, s) => n + (s.path ? 0 : s.bytes), 0);
  return (
    <FormBar onSubmit={() => void compare()}>
      <label>
        from{' '}
        <select aria-label="Before" value={before} onChange={(e) => choose(e.target.value, after)}>
          <Choices snapshots={snapshots} />
        </select>
      </label>
      <label>
        to{' '}
        <select aria-label="After" value={after} onChange={(e) => choose(before ?? '', e.target.value)}>
          <option value="">{captured ? 'choose one' : 'now'}</option>
          <Choices snapshots={snapshots.filter((s) => s.id !== before)} />
        </select>
      </label>
      <button type="submit" disabled={busy !== '' || !before || (captured && !after)}>
        Compare
      </button>
      <button type="button" disabled={busy !== '' || !before} onClick={() => before && void dropSnapshot(before)}>
        Drop
      </button>
      <span className="dim">{kept > 0 && `${bytes(kept)} kept`}</span>
    </FormBar>
  );
}

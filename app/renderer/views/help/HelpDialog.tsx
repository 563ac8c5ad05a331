// SPDX-License-Identifier: GPL-2.0-only
// Help, glossary and what this program is.
import { Tabs } from '@base-ui/react/tabs';
import { useEffect, useState } from 'react';
import type { Result } from '../../../contract/api.ts';
import { explorer } from '../../lib/client.ts';
import { Modal, ModalClose, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { HELP_TOPICS, type HelpTopic, showHelp, useHelp } from '../../state/help.ts';
import { KEYS } from '../../state/keys.ts';
import { useTarget } from '../../state/target.ts';
import { startTour } from '../../state/tour.ts';
import { FilterHelp } from './FilterHelp.tsx';
import { findTerms } from './glossary.ts';
import '../../parts/listing.css';
import './help.css';

const TITLES: Readonly<Record<HelpTopic, string>> = { ...HELP_TOPICS, keys: 'Keys and the box' };

/** What the box takes, with an example of each. */
const EXAMPLES: readonly (readonly [text: string, what: string])[] = [
  ['4077', 'a process; a part of its name does, too'],
  ['7f3a4001f000', 'an address of the chosen process'],
  ['4077:7f3a4001f000', 'an address of another process'],
  ['libc, heap, stack', 'a region of the chosen process by a part of its name'],
  ['libc+1a30', 'an address and an offset, both in hex'],
  ['a line of /proc/PID/maps', 'the region on that line'],
  ['CR3=1b8f22000', 'whose root it is'],
  ['117274010, pfn 117274', 'a physical address, a frame number'],
  ['8000000117274067', 'a page-table entry, explained bit by bit'],
  ['tables, memory, export, lab cow', 'a view, or something to do'],
  ['cr3scope://address/4077/7f3a4001f000', 'a link'],
];

function Pairs({ label, rows }: { label: string; rows: readonly (readonly [string, string])[] }) {
  return (
    <table className="listing" aria-label={label}>
      <tbody>
        {rows.map(([left, right]) => (
          <tr key={left}>
            <th scope="row">{left}</th>
            <td>{right}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Glossary() {
  const asked = useHelp((s) => s.term);
  const [filter, setFilter] = useState(asked);
  const text = filter.trim().toLowerCase();
  const found = findTerms(text);
  return (
    <>
      <input
        type="search"
        aria-label="Find a term"
        placeholder="Find a term"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      {found.length ? <Pairs label="Terms" rows={found} /> : <p className="dim">No term has these letters.</p>}
    </>
  );
}

function About() {
  const target = useTarget((s) => s.target);
  const [programs, setPrograms] = useState<Result<'about'>>([]);
  useEffect(() => {
    void explorer().call('about', {}).then(setPrograms);
  }, []);
  const machine: [string, string][] = target ? [[`Kernel of ${target.hostname}`, `Linux ${target.release}`]] : [];
  return (
    <>
      <p>
        cr3scope shows where the memory of a process really is, by sources that do not depend on each other. Copyright
        (C) 2026 the cr3scope authors; GPL-2.0-only.
      </p>
      <h3>Versions</h3>
      <Pairs label="Versions" rows={[...programs.map((p) => [p.name, p.version] as const), ...machine]} />
      <h3>Sources</h3>
      <Pairs
        label="Sources"
        rows={(target?.sources ?? []).map((s) => [
          s.label,
          s.ready ? `works: ${s.detail}` : `missing: ${s.detail}. ${s.remedy}`,
        ])}
      />
    </>
  );
}

function Keys() {
  return (
    <>
      <h3>Keys</h3>
      <Pairs label="Keys" rows={KEYS} />
      <h3>What the box at the top takes</h3>
      <Pairs label="What the box takes" rows={EXAMPLES} />
      <FilterHelp />
    </>
  );
}

export function HelpDialog() {
  const topic = useHelp((s) => s.topic);
  return (
    <Modal open={topic !== undefined} onClose={() => showHelp(undefined)} className="wide-dialog help">
      <ModalTitle>Help</ModalTitle>
      <ModalText className="sr-only">Keys, terms, and what this program is.</ModalText>
      <Tabs.Root value={topic ?? 'keys'} onValueChange={(value) => showHelp(value as HelpTopic)}>
        <Tabs.List className="help-tabs" aria-label="Topics">
          {Object.entries(TITLES).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries({ keys: Keys, glossary: Glossary, about: About }).map(([value, Topic]) => (
          <Tabs.Panel key={value} value={value} className="scroll help-topic">
            <Topic />
          </Tabs.Panel>
        ))}
      </Tabs.Root>
      <div className="buttons">
        <button
          type="button"
          onClick={() => {
            showHelp(undefined);
            startTour();
          }}
        >
          Start the tour
        </button>
        <ModalClose>Close</ModalClose>
      </div>
    </Modal>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// Searches physical memory, or what the chosen process maps. Hits appear as they are found.
import { type FormEvent, type ReactNode, useState } from 'react';
import { bytes, count } from '../../../contract/format.ts';
import { PATTERN_KINDS, type PatternKind, parsePattern } from '../../../contract/pattern.ts';
import { Modal, ModalClose, ModalText, ModalTitle } from '../../parts/Modal.tsx';
import { cancelSearch, setSearching, startSearch, useSearch } from '../../state/search.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureText } from '../common/FailureNote.tsx';
import { SearchHits } from './SearchHits.tsx';
import './search.css';

const KIND_LABEL: Readonly<Record<PatternKind, string>> = {
  hex: 'hex bytes, ?? for any',
  text: 'text',
  u64: 'u64',
  u32: 'u32',
};

export function SearchDialog() {
  const open = useSearch((s) => s.open);
  const search = useSearch((s) => s.search);
  const space = useSpace((s) => s.space);
  const captured = useTarget((s) => s.target?.capture != null);
  const [text, setText] = useState('');
  const [kind, setKind] = useState<PatternKind>('hex');
  const [everywhere, setEverywhere] = useState(false);
  const [complaint, setComplaint] = useState('');
  const running = search !== undefined && !search.end;

  function start(event: FormEvent) {
    event.preventDefault();
    const pattern = parsePattern(text, kind);
    if (typeof pattern === 'string') return setComplaint(pattern);
    setComplaint('');
    void startSearch(pattern, everywhere ? undefined : space);
  }

  function say(): ReactNode {
    if (!search) return '';
    const found = search.hits.length === 1 ? '1 hit' : `${count(search.hits.length)} hits`;
    if (search.waiting) return 'waiting for other work to end';
    if (!search.end) return `${found} so far, ${bytes(search.done)} of ${bytes(search.total)}`;
    if ('error' in search.end) return <FailureText failure={search.end.error} space={search.space} />;
    const { unreadable, limited } = search.end;
    return `${found}${limited ? ' (the limit)' : ''} in ${bytes(search.end.bytes)}${unreadable ? `; ${bytes(unreadable)} ${captured ? 'are not in the capture' : 'could not be read'}` : ''}`;
  }

  return (
    <Modal open={open} onClose={() => setSearching(false)} className="wide-dialog">
      <ModalTitle>Search memory</ModalTitle>
      <form className="search-form" onSubmit={start}>
        <input
          className="num"
          aria-label="What to search for"
          placeholder={kind === 'hex' ? '7f 45 4c 46 ?? 01' : kind === 'text' ? 'some text' : '0x7f3a4001f000'}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
        <select aria-label="Kind of pattern" value={kind} onChange={(e) => setKind(e.target.value as PatternKind)}>
          {PATTERN_KINDS.map((k) => (
            <option key={k} value={k}>
              {KIND_LABEL[k]}
            </option>
          ))}
        </select>
        <select
          aria-label="Where to search"
          value={everywhere || !space ? 'all' : 'process'}
          onChange={(e) => setEverywhere(e.target.value === 'all')}
        >
          {space && (
            <option value="process">
              in {space.pid} {space.name}
            </option>
          )}
          <option value="all">in physical memory</option>
        </select>
        {running ? (
          <button type="button" onClick={cancelSearch}>
            Stop
          </button>
        ) : (
          <button type="submit" className="primary">
            Search
          </button>
        )}
      </form>
      <ModalText role="status" className={complaint ? 'complaint' : 'dim'}>
        {complaint ||
          say() ||
          (captured
            ? 'Searches page tables, and frames whose bytes were captured.'
            : 'Pages that are swapped out or have no frame are not searched.')}
      </ModalText>
      {search && search.hits.length > 0 && <SearchHits search={search} />}
      <div className="buttons">
        <span className="dim">at most {count(1000)} hits</span>
        <ModalClose>Close</ModalClose>
      </div>
    </Modal>
  );
}

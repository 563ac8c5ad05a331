// SPDX-License-Identifier: GPL-2.0-only
// Searches physical memory from the cursor, forwards or backwards.

import { ArrowDown, ArrowUp, X } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { PATTERN_KINDS, type PatternKind, parsePattern } from '../../../contract/pattern.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { cancelFind, findNext, useFind } from '../../state/find.ts';
import '../../parts/bar.css';

export function FindBar({ onClose }: { onClose(): void }) {
  const find = useFind((s) => s.find);
  const [kind, setKind] = useState<PatternKind>('hex');
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const pattern = parsePattern(text, kind);
  const wrong = text !== '' && typeof pattern === 'string' ? pattern : '';
  const look = (back: boolean) => {
    if (typeof pattern !== 'string') void findNext(pattern, back);
  };
  const close = () => {
    cancelFind();
    onClose();
  };
  return (
    <form
      className="find-bar"
      role="search"
      aria-label="Find in physical memory"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        look(false);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          close();
        } else if (event.key === 'F3' || (event.key === 'Enter' && event.shiftKey)) {
          event.preventDefault();
          look(event.shiftKey);
        }
      }}
    >
      <select aria-label="Kind of bytes" value={kind} onChange={(e) => setKind(e.target.value as PatternKind)}>
        {PATTERN_KINDS.map((k) => (
          <option key={k}>{k}</option>
        ))}
      </select>
      <input
        ref={input}
        className="num"
        aria-label="Bytes to find"
        placeholder={kind === 'hex' ? '7f 45 ?? 46' : kind}
        value={text}
        spellCheck={false}
        onChange={(e) => setText(e.target.value)}
      />
      <IconButton icon={ArrowUp} size={14} label="Previous hit" onClick={() => look(true)} />
      <IconButton icon={ArrowDown} size={14} label="Next hit" type="submit" />
      <span className={wrong ? 'bad' : 'dim'} role="status">
        {wrong || find?.message}
      </span>
      <span className="spacer" />
      {find?.id && (
        <button type="button" className="quiet-button" onClick={cancelFind}>
          cancel
        </button>
      )}
      <IconButton icon={X} size={14} label="Close the search" onClick={close} />
    </form>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// Copies the selected bytes in one of several forms.
import { Copy } from 'lucide-react';
import { COPY_FORMS, type CopyForm, copyAs } from '../../lib/copy.ts';
import { MenuButton } from '../../parts/MenuButton.tsx';
import type { MenuEntry } from '../../parts/MenuItems.tsx';
import { copyText } from '../../state/clipboard.ts';
import { byteAt, selection, useMemory } from '../../state/memory.ts';

/** The largest selection that can be copied. */
const MOST_COPIED = 1 << 20;

function copySelection(form: CopyForm): void {
  const state = useMemory.getState();
  const { begin, end } = selection(state);
  const bytes: number[] = [];
  for (let pa = begin; pa < end && bytes.length < MOST_COPIED; pa++) {
    const b = byteAt(state.loaded, pa);
    if (b === undefined) break; // what can't be read is not made up
    bytes.push(b);
  }
  copyText(copyAs(form, bytes, begin));
}

/** `as`: what comes before the name of each form. */
export const copyItems = (as = ''): readonly MenuEntry[] =>
  Object.entries(COPY_FORMS).map(([form, label]) => ({
    key: form,
    content: as + label,
    onClick: () => copySelection(form as CopyForm),
  }));

export const CopyMenu = () => <MenuButton icon={Copy} label="Copy the selected bytes" items={copyItems()} />;

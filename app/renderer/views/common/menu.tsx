// SPDX-License-Identifier: GPL-2.0-only
import type { MenuEntry } from '../../parts/MenuItems.tsx';
import type { Actions } from '../../state/actions.ts';

/** Groups of actions as a menu, with lines between them. */
export const menuOf = (groups: readonly Actions[]): readonly MenuEntry[] =>
  groups
    .filter((group) => group.length > 0)
    .flatMap((group, i): readonly MenuEntry[] => [
      ...(i > 0 ? (['line'] as const) : []),
      ...group.map(({ title, detail, run }) => ({
        key: title,
        content: (
          <>
            <span>{title}</span>
            {detail && <span className="num dim ellipsis">{detail}</span>}
          </>
        ),
        onClick: run,
      })),
    ]);

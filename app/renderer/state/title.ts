// SPDX-License-Identifier: GPL-2.0-only
// The title of the window: what is looked at, and on which machine or in which file.
import { VIEWS } from '../../contract/views.ts';
import { usePrivileges } from './privileges.ts';
import { useSpace } from './space.ts';
import { useTarget } from './target.ts';
import { scopeOf, useView } from './view.ts';

export function titleOf(): string {
  const { target } = useTarget.getState();
  const { view } = useView.getState();
  const { space } = useSpace.getState();
  const { host } = usePrivileges.getState();
  const what = scopeOf(view) === 'process' ? space && `${space.pid} ${space.name}` : VIEWS[view].label;
  const where = target?.capture ? target.capture.path.split('/').at(-1) : host || target?.hostname;
  return [what, where, 'cr3scope'].filter(Boolean).join(' — ');
}

/** Keeps it from now on. */
export function keepTitle(): void {
  const apply = () => {
    const title = titleOf();
    // Setting it redraws the frame of the window even if it is the same.
    if (document.title !== title) document.title = title;
  };
  for (const store of [useTarget, useView, useSpace, usePrivileges]) store.subscribe(apply);
  apply();
}

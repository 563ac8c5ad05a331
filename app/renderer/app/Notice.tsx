// SPDX-License-Identifier: GPL-2.0-only
// The last failure, above the status line.
import { X } from 'lucide-react';
import { inWords } from '../lib/failures.ts';
import { Coded } from '../parts/Coded.tsx';
import { IconButton } from '../parts/IconButton.tsx';
import { dismissNotice, useNotice } from '../state/notice.ts';
import { isPrivileged, usePrivileges } from '../state/privileges.ts';
import './status.css';

export function Notice() {
  const notice = useNotice((s) => s.notice);
  const privileged = usePrivileges(isPrivileged);
  if (!notice) return null;
  const { title, text, raw } = inWords(notice, 'alive', privileged);
  return (
    <div className="notice" role="alert">
      <span>
        <strong className="bad" title={raw}>
          {title}.
        </strong>{' '}
        <Coded text={text} />
      </span>
      <span className="spacer" />
      <IconButton icon={X} label="Dismiss the notice" title="Dismiss (Esc)" onClick={dismissNotice} />
    </div>
  );
}

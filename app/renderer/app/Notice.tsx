// SPDX-License-Identifier: GPL-2.0-only
// The last failure, above the status line.
import { X } from 'lucide-react';
import { IconButton } from '../parts/IconButton.tsx';
import { dismissNotice, useNotice } from '../state/notice.ts';
import './status.css';

export function Notice() {
  const notice = useNotice((s) => s.notice);
  if (!notice) return null;
  return (
    <div className="notice" role="alert">
      <span>
        <strong className="bad">{notice.message}</strong> {notice.remedy}
      </span>
      <span className="spacer" />
      <IconButton icon={X} label="Dismiss the notice" title="Dismiss (Esc)" onClick={dismissNotice} />
    </div>
  );
}

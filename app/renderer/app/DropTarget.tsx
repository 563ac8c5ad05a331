// SPDX-License-Identifier: GPL-2.0-only
// Takes captures that are dropped onto the window.
import { useEffect, useState } from 'react';
import { dropCaptures, useCaptures } from '../state/captures.ts';
import './drop.css';

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

export function DropTarget() {
  const [over, setOver] = useState(false);
  const busy = useCaptures((s) => (s.open ? '' : s.busy));
  useEffect(() => {
    // A page that does not take a file would be left for it.
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void dropCaptures([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, []);
  if (!over && !busy) return null;
  return (
    <div className="drop-target" role="status">
      <span>{busy || 'Drop a capture here to open it.'}</span>
    </div>
  );
}

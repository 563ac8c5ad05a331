// SPDX-License-Identifier: GPL-2.0-only
// Records traces and watches into a capture.
import { Circle, Square } from 'lucide-react';
import { attempt } from '../../state/notice.ts';
import { toggleRecording, useRecording } from '../../state/recording.ts';
import { useTarget } from '../../state/target.ts';
import './record.css';

export function RecordButton() {
  const recording = useRecording((s) => s.id !== undefined);
  const captured = useTarget((s) => s.target?.capture != null);
  if (captured) return null;
  const Icon = recording ? Square : Circle;
  return (
    <button
      type="button"
      className={recording ? 'recording' : ''}
      title={
        recording
          ? 'Ends the recording, and saves it as a capture'
          : 'Records the traces and watches that begin from now on, to save them as a capture'
      }
      onClick={() => void attempt(toggleRecording)}
    >
      <Icon size={11} aria-hidden="true" /> {recording ? 'Save recording' : 'Record'}
    </button>
  );
}

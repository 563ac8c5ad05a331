// SPDX-License-Identifier: GPL-2.0-only
// The recording of traces and watches.
import { create } from 'zustand';
import { explorer } from '../lib/client.ts';
import { notesFor } from './notes.ts';
import { save } from './saved.ts';

/** The running recording. */
export const useRecording = create<{ readonly id?: string | undefined }>(() => ({}));

/** Starts to record traces and watches, or stops and saves them as a capture. */
export async function toggleRecording(): Promise<void> {
  const recording = useRecording.getState().id;
  if (!recording) {
    const id = crypto.randomUUID();
    await explorer().call('startRecording', { id });
    useRecording.setState({ id });
    return;
  }
  useRecording.setState({ id: undefined });
  const { problem, ...download } = await explorer().call('stopRecording', {
    id: recording,
    notes: notesFor(undefined),
  });
  save(download, 'cr3scope-recording.cr3scope');
  if (problem) throw new Error(problem);
}

// SPDX-License-Identifier: GPL-2.0-only
// What the help dialog shows, while it is open.
import { create } from 'zustand';

export const HELP_TOPICS = { keys: 'Help', glossary: 'Glossary', about: 'About cr3scope' } as const;
export type HelpTopic = keyof typeof HELP_TOPICS;

interface HelpState {
  readonly topic?: HelpTopic | undefined;
  /** What the glossary is asked for; "": nothing. */
  readonly term: string;
}

export const useHelp = create<HelpState>(() => ({ term: '' }));

/** `term` of the glossary comes first, and alone until the user looks for others. */
export const showHelp = (topic: HelpTopic | undefined, term = ''): void => useHelp.setState({ topic, term });

// SPDX-License-Identifier: GPL-2.0-only
// What the help dialog shows, while it is open.
import { create } from 'zustand';

export const HELP_TOPICS = { keys: 'Help', glossary: 'Glossary', about: 'About cr3scope' } as const;
export type HelpTopic = keyof typeof HELP_TOPICS;

export const useHelp = create<{ readonly topic?: HelpTopic | undefined }>(() => ({}));

export const showHelp = (topic: HelpTopic | undefined): void => useHelp.setState({ topic });

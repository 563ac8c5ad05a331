// SPDX-License-Identifier: GPL-2.0-only
import type { Target } from '../../contract/api.ts';
import { SHOWN_SOURCES, SOURCE, type SourceName } from '../../contract/sources.ts';

/** Whether a source is ready. */
export const hasSource = (target: Target | undefined, name: SourceName): boolean =>
  target?.sources.some((source) => source.name === name && source.ready) ?? false;

/** The sources that have a column: those that every target of this kind has, and the others that are ready. */
export const shownSources = (target: Target | undefined): SourceName[] =>
  SHOWN_SOURCES.filter((name) => hasSource(target, name) || (!SOURCE.word(name).absent && !target?.image));

// SPDX-License-Identifier: GPL-2.0-only
import type { Target } from '../../contract/api.ts';

/** Whether a source is ready. */
export const hasSource = (target: Target | undefined, name: Target['sources'][number]['name']): boolean =>
  target?.sources.some((source) => source.name === name && source.ready) ?? false;

// SPDX-License-Identifier: GPL-2.0-only
// The notice in the status line: the last failure, until it is dismissed.
import { create } from 'zustand';
import type { Failure } from '../../contract/api.ts';
import { failure } from '../lib/client.ts';

export const useNotice = create<{ readonly notice?: Failure | undefined }>(() => ({}));

export const notify = (error: unknown): void => useNotice.setState({ notice: failure(error) });
export const dismissNotice = (): void => useNotice.setState({ notice: undefined });

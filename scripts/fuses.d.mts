// SPDX-License-Identifier: GPL-2.0-only
import type { FuseV1Options } from '@electron/fuses';

export const FUSES: Record<FuseV1Options, boolean>;
export function setFuses(program: string): Promise<string[]>;

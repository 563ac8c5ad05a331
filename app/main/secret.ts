// SPDX-License-Identifier: GPL-2.0-only
import { randomBytes } from 'node:crypto';

/** 192 bits that nobody can guess, fit for URLs. */
export const newSecret = (): string => randomBytes(24).toString('base64url');

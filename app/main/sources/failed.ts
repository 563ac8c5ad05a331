// SPDX-License-Identifier: GPL-2.0-only
import { ZodError } from 'zod';
import type { Failure } from '../../contract/api.ts';

/** A failure that the user can act on: what happened, and the remedy. */
export class Failed extends Error implements Failure {
  readonly remedy: string;
  readonly code: string;

  constructor(message: string, remedy: string, code = 'EINVAL') {
    super(message);
    this.remedy = remedy;
    this.code = code;
  }

  /** Whether nothing can be read any more, because the helper is gone or is not understood. */
  get isLoss(): boolean {
    return this.code === 'EPIPE' || this.code === 'EPROTO';
  }

  /** A failure that came as a plain value. */
  static of({ message, remedy, code }: Failure): Failed {
    return new Failed(message, remedy, code);
  }

  /** Any thrown value as a Failed. The addon's errors already have a code and a remedy. */
  static from(error: unknown): Failed {
    if (error instanceof Failed) return error;
    if (error instanceof ZodError) {
      const issue = error.issues[0];
      return new Failed(
        `${issue?.path.join('.') || 'argument'}: ${issue?.message ?? 'malformed'}`,
        'Correct it and try again.',
      );
    }
    if (error instanceof Error) {
      const { code, remedy } = error as Error & { code?: unknown; remedy?: unknown };
      return new Failed(
        error.message,
        typeof remedy === 'string' ? remedy : 'Report this as a bug.',
        typeof code === 'string' ? code : 'ERROR',
      );
    }
    return new Failed(String(error), 'Report this as a bug.', 'ERROR');
  }
}

// SPDX-License-Identifier: GPL-2.0-only
// Who may use the web face: the first page that sends the token of the link. It gets the session's secret, which it sends from
// then on. There is no cookie, because a browser sends cookies to every port of a host, and so to servers of other users.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Greeting, LONGEST_GREETING } from '../contract/greeting.ts';
import { newSecret } from './secret.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();
/** Compares in a time that depends neither on where the two differ nor on their lengths. */
const same = (given: string | undefined, secret: string) =>
  given !== undefined && timingSafeEqual(digest(given), digest(secret));

function parse(text: string): Greeting {
  try {
    return Greeting.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

export class Admission {
  readonly token = newSecret();
  private readonly session = newSecret();
  private used = false;

  /** `onUsed` is called when the token was used. */
  constructor(private readonly onUsed: () => void) {}

  /** Answers the first message of a page: with the session's secret and the machine that it asks for, or with the reason why not. */
  admit(text: string): { session: string; machine: string } | { refused: string } {
    const given = text.length > LONGEST_GREETING ? {} : parse(text);
    const admitted = { session: this.session, machine: given.machine ?? '' };
    if (same(given.session, this.session)) return admitted;
    if (!same(given.token, this.token)) return { refused: 'Open the link that `cr3scope serve` printed.' };
    if (this.used) return { refused: 'This link was already used. Start `cr3scope serve` again for a new one.' };
    this.used = true;
    this.onUsed();
    return admitted;
  }
}

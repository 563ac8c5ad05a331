// SPDX-License-Identifier: GPL-2.0-only
// Who may use the web face: whoever shows the token of the link first, and then the page that got the session's secret for
// it. There is no cookie: a browser sends cookies to every port of a host, and so to servers of other users.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Greeting, LONGEST_GREETING } from '../contract/greeting.ts';
import { newSecret } from './secret.ts';

const digest = (text: string) => createHash('sha256').update(text).digest();
/** Takes the same time wherever the two differ, and whatever their lengths are. */
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

  /** `onUsed` is called once the token has done its work. */
  constructor(private readonly onUsed: () => void) {}

  /** Takes the first message of a page: the session's secret, or why it gets none. */
  admit(text: string): { session: string } | { refused: string } {
    const given = text.length > LONGEST_GREETING ? {} : parse(text);
    const { session } = this;
    if (same(given.session, session)) return { session };
    if (!same(given.token, this.token)) return { refused: 'Open the link that `cr3scope serve` printed.' };
    if (this.used) return { refused: 'This link was used already. Start `cr3scope serve` again for a new one.' };
    this.used = true;
    this.onUsed();
    return { session };
  }
}

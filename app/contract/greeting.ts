// SPDX-License-Identifier: GPL-2.0-only
// The first message of a page in a browser, and the answer. Nothing else is read before it.
import { z } from 'zod';

const secret = z.string().min(1).max(64);

/**
 * JSON, as a text message. The token is that of the link, which works once; the session's secret is what the page got for
 * it. The machine is one that another page of the session has connected to. The answer is the session's secret, as a text message, or the connection is closed with REFUSED and the reason.
 */
export const Greeting = z.object({
  token: secret.optional(),
  session: secret.optional(),
  machine: z.string().max(255).optional(),
});
export type Greeting = z.infer<typeof Greeting>;
export const LONGEST_GREETING = 1024;

/** WebSocket close code. */
export const REFUSED = 4401;

// SPDX-License-Identifier: GPL-2.0-only
import { createContext } from 'react';

/** How parts of the window copy text, which may have to be read first. The window says what went wrong. */
export const Copying = createContext<(text: () => Promise<string>) => void>((text) => {
  void text().then((ready) => navigator.clipboard.writeText(ready));
});

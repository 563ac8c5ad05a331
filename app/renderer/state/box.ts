// SPDX-License-Identifier: GPL-2.0-only
// The input at the top, for the command that goes there.

let box: HTMLInputElement | null = null;

export const holdBox = (input: HTMLInputElement | null): void => {
  box = input;
};

export function focusBox(): void {
  box?.focus();
  box?.select();
}

export const leaveBox = (): void => box?.blur();

// SPDX-License-Identifier: GPL-2.0-only
/** A text in which commands stand between backticks. */
export const Coded = ({ text }: { text: string }) =>
  text.split('`').map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part));

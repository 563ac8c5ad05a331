// SPDX-License-Identifier: GPL-2.0-only
/** A padded number with dimmed leading zeros. */
export function Digits({ text }: { text: string }) {
  const zeros = /^0*(?=.)/.exec(text)?.[0].length ?? 0;
  return (
    <span className="num">
      <span className="zeros">{text.slice(0, zeros)}</span>
      {text.slice(zeros)}
    </span>
  );
}

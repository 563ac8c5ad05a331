// SPDX-License-Identifier: GPL-2.0-only
import './toggle.css';

interface Props<T extends string> {
  readonly label: string;
  /** The choices with their texts. */
  readonly choices: Readonly<Record<T, string>>;
  readonly chosen: T;
  onChoose(choice: T): void;
}

/** Buttons side by side, one of which is pressed. */
export function Toggle<T extends string>({ label, choices, chosen, onChoose }: Props<T>) {
  return (
    <span role="group" aria-label={label} className="toggle">
      {(Object.entries(choices) as [T, string][]).map(([choice, text]) => (
        <button key={choice} type="button" aria-pressed={choice === chosen} onClick={() => onChoose(choice)}>
          {text}
        </button>
      ))}
    </span>
  );
}

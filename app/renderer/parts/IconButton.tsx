// SPDX-License-Identifier: GPL-2.0-only
import type { LucideIcon } from 'lucide-react';

interface IconButtonProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly title?: string;
  readonly size?: number;
  readonly type?: 'button' | 'submit';
  readonly disabled?: boolean;
  readonly onClick?: () => void;
}

/** A button with an icon and no text. */
export function IconButton({
  icon: Icon,
  label,
  title,
  size = 13,
  type = 'button',
  disabled,
  onClick,
}: IconButtonProps) {
  return (
    <button
      type={type}
      className="icon-button"
      aria-label={label}
      title={title}
      disabled={disabled ?? false}
      onClick={onClick}
    >
      <Icon size={size} aria-hidden="true" />
    </button>
  );
}

interface TitleButtonProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly title?: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

/** A button in the title of a pane. In a narrow pane it shows its icon only. */
export function TitleButton({ icon: Icon, label, title = label, disabled, onClick }: TitleButtonProps) {
  return (
    <button type="button" aria-label={label} title={title} disabled={disabled ?? false} onClick={onClick}>
      <Icon size={13} aria-hidden="true" /> <span className="long">{label}</span>
    </button>
  );
}

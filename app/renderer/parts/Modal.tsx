// SPDX-License-Identifier: GPL-2.0-only
import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import './modal.css';

interface Props {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A modal dialog. */
export function Modal({ open, onClose, className = '', children }: Props) {
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className={`dialog ${className}`}>{children}</Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

export function ModalTitle({ children }: { children: ReactNode }) {
  return <Dialog.Title className="popup-title">{children}</Dialog.Title>;
}

/** What a screen reader says when the dialog opens. */
export const ModalText = Dialog.Description;
export const ModalClose = Dialog.Close;

// SPDX-License-Identifier: GPL-2.0-only
import type { SourceStatus } from '../../contract/api.ts';
import { Coded } from '../parts/Coded.tsx';
import { Popup, PopupText } from '../parts/Popup.tsx';

/** A source: whether it is ready, and the remedy if it is not. */
export function SourceButton({ source }: { source: SourceStatus }) {
  const state = source.ready ? 'ready' : 'missing';
  return (
    <Popup
      trigger={{
        className: 'header-button',
        label: `Source ${source.label}: ${state}`,
        content: (
          <>
            <span className={`dot ${source.ready ? 'on' : 'off'}`} aria-hidden="true" />
            {source.label}
          </>
        ),
      }}
      title={`${source.label}: ${state}`}
    >
      <PopupText>{source.detail}</PopupText>
      {source.remedy && (
        <p>
          <Coded text={source.remedy} />
        </p>
      )}
    </Popup>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// The tour: a dialog that stands beside the part of the window that it is about.
import { Dialog } from '@base-ui/react/dialog';
import { useEffect, useState } from 'react';
import { Banner } from '../parts/Banner.tsx';
import { dismissTour, endTour, goToStep, STEPS, startTour, useTour } from '../state/tour.ts';
import './tour.css';

/** A line that offers the tour to who is here for the first time. */
export function TourOffer() {
  const { offered, step } = useTour();
  if (!offered || step !== undefined) return null;
  return (
    <Banner role="status">
      New here? A tour of {STEPS.length} steps shows what is where.{' '}
      <button type="button" onClick={startTour}>
        Start the tour
      </button>{' '}
      <button type="button" onClick={dismissTour}>
        No, thanks
      </button>
    </Banner>
  );
}

/** Where the part is that a step is about; undefined if it is not in the page. */
function usePlaceOf(part: string | undefined): DOMRect | undefined {
  const [place, setPlace] = useState<DOMRect>();
  useEffect(() => {
    const look = () => setPlace(part ? document.querySelector(part)?.getBoundingClientRect() : undefined);
    look();
    window.addEventListener('resize', look);
    return () => window.removeEventListener('resize', look);
  }, [part]);
  return place;
}

export function Tour() {
  const at = useTour((s) => s.step);
  const step = at === undefined ? undefined : STEPS[at];
  const place = usePlaceOf(step?.part);
  const last = at === STEPS.length - 1;
  return (
    <Dialog.Root
      open={step !== undefined}
      modal={false}
      disablePointerDismissal
      onOpenChange={(open) => !open && endTour()}
    >
      <Dialog.Portal>
        {place && step && (
          <div
            className="tour-place"
            aria-hidden="true"
            style={{ left: place.left, top: place.top, width: place.width, height: place.height }}
          />
        )}
        <Dialog.Popup className={`dialog tour ${place && place.left > window.innerWidth / 2 ? 'left' : ''}`}>
          <Dialog.Title className="popup-title">{step?.title}</Dialog.Title>
          <Dialog.Description aria-live="polite">{step?.text}</Dialog.Description>
          <div className="buttons">
            <span className="dim">
              Step {(at ?? 0) + 1} of {STEPS.length}
            </span>
            <span className="spacer" />
            {!last && (
              <button type="button" onClick={endTour}>
                Skip the tour
              </button>
            )}
            <button type="button" disabled={at === 0} onClick={() => goToStep((at ?? 0) - 1)}>
              Back
            </button>
            <button type="button" className="primary" onClick={() => goToStep((at ?? 0) + 1)}>
              {last ? 'Finish' : 'Next'}
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

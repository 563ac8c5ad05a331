// SPDX-License-Identifier: GPL-2.0-only
import { useEffect, useState } from 'react';

/** Whether the window is too narrow for the usual layout. */
export function useNarrow(): boolean {
  const query = '(max-width: 1180px)';
  const [narrow, setNarrow] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const apply = () => setNarrow(media.matches);
    media.addEventListener('change', apply);
    return () => media.removeEventListener('change', apply);
  }, []);
  return narrow;
}

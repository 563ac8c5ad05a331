// SPDX-License-Identifier: GPL-2.0-only
// Samples what the CPUs run while the view is shown.
import { useEffect, useState } from 'react';
import type { Cpus, Failure } from '../../../contract/api.ts';
import { explorer, failure } from '../../lib/client.ts';

const PERIOD_MS = 200;
const AFTER_ERROR_MS = 5000;
const SAMPLES = 150;

/** The samples of the last half minute, oldest first. */
export function useCpus(): { history: readonly Cpus[]; error: Failure | undefined } {
  const [history, setHistory] = useState<readonly Cpus[]>([]);
  const [error, setError] = useState<Failure>();
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const sample = async () => {
      try {
        const now = document.hidden ? undefined : await explorer().call('cpus', {});
        if (!current) return;
        setError(undefined);
        if (now) setHistory((list) => [...list.slice(1 - SAMPLES), now]);
        if (current) timer = setTimeout(sample, PERIOD_MS);
      } catch (reason) {
        if (!current) return;
        setError(failure(reason));
        timer = setTimeout(sample, AFTER_ERROR_MS);
      }
    };
    void sample();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, []);
  return { history, error };
}

// SPDX-License-Identifier: GPL-2.0-only
// State that outlives its view. A view is unmounted when another one is shown, or when the window becomes narrow.
import { useCallback } from 'react';
import { create } from 'zustand';

const useValues = create<Readonly<Record<string, unknown>>>(() => ({}));

/** As useState, kept by `name` until the page is closed. */
export function useKept<T>(name: string, initial: T): [T, (value: T) => void] {
  const value = useValues((s) => (name in s ? (s[name] as T) : initial));
  return [value, useCallback((next: T) => useValues.setState({ [name]: next }), [name])];
}

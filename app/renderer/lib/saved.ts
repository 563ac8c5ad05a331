// SPDX-License-Identifier: GPL-2.0-only
// What this browser keeps from one visit to the next.
import type { z } from 'zod';

const keyOf = (name: string) => `cr3scope.${name}`;

/** The kept value, or undefined if there is none that fits the schema. */
export function saved<T>(name: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(localStorage.getItem(keyOf(name)) ?? 'null')).data;
  } catch {
    return undefined; // it is not JSON
  }
}

export const save = (name: string, value: unknown): void => localStorage.setItem(keyOf(name), JSON.stringify(value));

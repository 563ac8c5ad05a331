// SPDX-License-Identifier: GPL-2.0-only
import type { Root } from './root.ts';

/** What DKMS has installed: "0.3.0 6.1.0-56-amd64". */
export const modules = (root: Root) =>
  [...root.must('dkms', 'status', 'cr3scope').matchAll(/^cr3scope\/([\d.]+), ([^,]+), x86_64: installed$/gm)]
    .map(([, version, release]) => `${version} ${release}`)
    .sort();

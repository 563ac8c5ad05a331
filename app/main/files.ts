// SPDX-License-Identifier: GPL-2.0-only
// Where the built files are, relative to the bundle: in an installed cr3scope, in a checkout, or from the desktop's archive.
import { existsSync, statSync } from 'node:fs';
import { extname, join, normalize, sep } from 'node:path';
import type { Service } from './service/service.ts';

declare const __dirname: string;

const ADDON_NAME = 'cr3scope.node';
const CHECKOUT = join(__dirname, '../../native/build/Release');
// The desktop's folder is beside that of the command line, whose programs it uses.
const NATIVE =
  [join(__dirname, '..'), CHECKOUT, join(__dirname, '../../../../cr3scope')].find((folder) =>
    existsSync(join(folder, ADDON_NAME)),
  ) ?? CHECKOUT;

export const ADDON = join(NATIVE, ADDON_NAME);
/** The program that runs the labs. */
export const LABS_PROGRAM = join(NATIVE, 'labs');
/** The program that holds the privileges, and the one that starts programs for it to trace. */
export const HELPER = join(NATIVE, 'cr3scope-helper');
export const LAUNCHER = join(NATIVE, 'cr3scope-launch');
export const RENDERER = join(__dirname, '../renderer');
export const PRELOAD = join(__dirname, 'preload.cjs');

/** Opens the file that one of the pages may fetch at a URL path; undefined if there is none. */
export function downloadFile(services: Iterable<Service>, path: string): { fd: number; size: number } | undefined {
  for (const service of services) {
    const file = service.take(path);
    if (file) return file;
  }
  return undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};

/** The file of the user interface that a URL path names, with its content type; undefined for anything else. */
export function rendererFile(pathname: string): { path: string; type: string } | undefined {
  try {
    const path = join(RENDERER, normalize(pathname === '/' ? '/index.html' : decodeURIComponent(pathname)));
    const type = TYPES[extname(path)];
    const inside = path.startsWith(RENDERER + sep);
    return type && inside && statSync(path, { throwIfNoEntry: false })?.isFile() ? { path, type } : undefined;
  } catch {
    return undefined; // malformed escapes, null bytes
  }
}

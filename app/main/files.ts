// Where the built parts lie: beside the bundles in out/main, in a checkout as in a package.
import { join } from 'node:path';

declare const __dirname: string;

// A package keeps native code outside the archive, where the loader can map it.
export const ADDON = join(__dirname, '../../native/build/Release/cr3scope.node').replace(
  'app.asar',
  'app.asar.unpacked',
);
export const RENDERER = join(__dirname, '../renderer');
export const PRELOAD = join(__dirname, 'preload.cjs');

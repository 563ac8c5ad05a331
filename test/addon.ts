import { resolve } from 'node:path';

export const ADDON_PATH = resolve('native/build/Release/cr3scope.node');

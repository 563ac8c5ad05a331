// SPDX-License-Identifier: GPL-2.0-only
declare const CR3SCOPE_VERSION: string | undefined;
/** Set by the bundler; a file that runs from its sources has none. */
export const VERSION = typeof CR3SCOPE_VERSION === 'undefined' ? 'development' : CR3SCOPE_VERSION;

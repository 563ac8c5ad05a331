declare const CR3SCOPE_VERSION: string; // by the bundler, from package.json

export const VERSION = CR3SCOPE_VERSION;

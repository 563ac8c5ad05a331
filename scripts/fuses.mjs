// SPDX-License-Identifier: GPL-2.0-only
// Electron's fuses: bytes in its program that switch features on or off for good.
import { FuseV1Options, FuseVersion, flipFuses, getCurrentFuseWire } from '@electron/fuses';

/** All that the library knows. */
export const FUSES = {
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableCookieEncryption]: false, // there are no cookies, and it would ask for the user's keyring
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: false, // Electron has it on macOS and Windows only
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  [FuseV1Options.WasmTrapHandlers]: true, // as Electron is published
};

/**
 * Sets the fuses of Electron's program. An older Electron, as in tests, lacks some of them: returns their names. Throws where a
 * newer one has more than are decided here.
 */
export async function setFuses(program) {
  const has = await getCurrentFuseWire(program);
  const isHere = ([fuse]) => fuse in has;
  const fuses = Object.entries(FUSES);
  await flipFuses(program, {
    version: FuseVersion.V1,
    strictlyRequireAllFuses: true,
    ...Object.fromEntries(fuses.filter(isHere)),
  });
  return fuses.filter((fuse) => !isHere(fuse)).map(([fuse]) => FuseV1Options[fuse]);
}

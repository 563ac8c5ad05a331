// SPDX-License-Identifier: GPL-2.0-only
// What a path of /proc/PID/cgroup is called by those who made it: a container, a virtual machine, or a unit of systemd.

/** systemd writes characters that a name of a unit can't have as \xNN. */
const unescaped = (name: string): string =>
  name.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

/** A container has 64 digits; its tools show and take twelve. */
const ID = '([0-9a-f]{64})';

const CONTAINERS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(?:^|/)docker[-/]${ID}(?:\\.scope)?(?:/|$)`), 'docker'],
  [new RegExp(`(?:^|/)libpod-(?:conmon-)?${ID}(?:\\.scope)?(?:/|$)`), 'podman'],
  [new RegExp(`(?:^|/)cri-containerd-${ID}\\.scope(?:/|$)`), 'containerd'],
  [new RegExp(`(?:^|/)crio-(?:conmon-)?${ID}(?:\\.scope)?(?:/|$)`), 'cri-o'],
  [new RegExp(`(?:^|/)kubepods[^/]*/(?:[^/]+/)*${ID}(?:/|$)`), 'containerd'],
  [/(?:^|\/)lxc(?:\.payload\.|\.payload\/|\/)([^/]+)/, 'lxc'],
  [/(?:^|\/)machine-([^/]+)\.scope(?:\/|$)/, 'machine'],
  [/(?:^|\/)systemd-nspawn@([^/]+)\.service(?:\/|$)/, 'machine'],
];

/** The innermost unit of a path. Slices only group others. */
function unitOf(path: string): string | undefined {
  const units = path.split('/').filter((part) => /\.(service|scope)$/.test(part));
  return units.at(-1);
}

/** In short: "docker 3f2a9c01b7de", "ssh.service", or the path itself; "" where there is none. */
export function cgroupName(path: string): string {
  for (const [pattern, maker] of CONTAINERS) {
    const name = pattern.exec(path)?.[1];
    if (name) return `${maker} ${/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : unescaped(name)}`;
  }
  return unescaped(unitOf(path) ?? path);
}

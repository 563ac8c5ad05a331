// SPDX-License-Identifier: GPL-2.0-only
// The target, which is this machine, a capture or a memory image, and its facts.
import type { Target } from '../../contract/api.ts';
import { bytes, hex } from '../../contract/format.ts';
import { Fact } from '../parts/Fact.tsx';
import { Popup } from '../parts/Popup.tsx';
import { usePrivileges } from '../state/privileges.ts';
import { useTarget } from '../state/target.ts';

type NamedFact = [name: string, value: string];

/** Of an image it is not known what the CPU has, and what the kernel permits. */
const factsOfMachine = (t: Target): NamedFact[] => [
  ['PCID · LAM', `${t.pcid ? 'in use' : 'not in use'} · ${t.lam ? 'in use' : 'not in use'}`],
  ['C-bit', t.encryptionMask ? `0x${hex(t.encryptionMask)}` : 'none'],
  ['Lockdown', t.lockdown || 'not in this kernel'],
];

const factsOfImage = ({ name, findings }: NonNullable<Target['image']>): NamedFact[] => [
  ['Image', name],
  ...findings.map((finding, i): NamedFact => [i ? '' : 'Found', finding]),
];

const factsOfCapture = (capture: NonNullable<Target['capture']>): NamedFact[] => [
  ['Capture', capture.path],
  ['Made', `${capture.startedAt} to ${capture.finishedAt ?? 'unknown: the end is missing'}`],
  ['SHA-256', capture.digest],
  ['Complete', capture.problem || 'yes, and as it was written'],
];

function factsOf(t: Target): NamedFact[] {
  const machine = [t.hostname, t.cpuModel, t.cpus ? `${t.cpus} CPUs` : '', bytes(t.memoryBytes)];
  return [
    ['Machine', machine.filter(Boolean).join(' · ')],
    ['Kernel', `Linux ${t.release} ${t.build}`],
    ['Paging', `${t.levels} levels · ${t.virtualBits} virtual, ${t.maxPhysBits} physical bits`],
    ['PTI', t.pti ? 'on: each address space has a second, user root' : 'off'],
    ...(t.image ? [] : factsOfMachine(t)),
    ['Zero page', t.zeroPfn ? `frame 0x${hex(t.zeroPfn)}` : 'unknown: PFNs are hidden'],
    ['Direct map', t.directMap ? `0x${hex(t.directMap)} · ${t.directMapFrom}` : 'not found'],
    ['cr3scope', t.version],
    ...(t.image ? factsOfImage(t.image) : []),
    ...(t.capture ? factsOfCapture(t.capture) : []),
  ];
}

function sayTarget(t: Target, host: string): string {
  const what = t.capture
    ? `capture of ${t.hostname}, ${t.capture.startedAt.slice(0, 16).replace('T', ' ')}`
    : t.image
      ? t.image.name.split('/').at(-1)
      : host || 'this machine';
  const version = /^\d+\.\d+/.exec(t.release)?.[0];
  return `${what} · Linux ${version} · ${t.levels}-level · PTI ${t.pti ? 'on' : 'off'}${t.pcid ? ' · PCID' : ''}`;
}

export function TargetFacts() {
  const target = useTarget((s) => s.target);
  const host = usePrivileges((s) => s.host);
  if (!target) return null;
  return (
    <Popup
      trigger={{ className: 'header-button target', content: sayTarget(target, host) }}
      title="Target"
      className="wide"
    >
      <dl className="facts">
        {factsOf(target).map(([name, value]) => (
          <Fact key={`${name}${value}`} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </Popup>
  );
}

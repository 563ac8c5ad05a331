// SPDX-License-Identifier: GPL-2.0-only
// The target, which is this machine or a capture, and its facts.
import type { Target } from '../../contract/api.ts';
import { bytes, hex } from '../../contract/format.ts';
import { Fact } from '../parts/Fact.tsx';
import { Popup } from '../parts/Popup.tsx';
import { usePrivileges } from '../state/privileges.ts';
import { useTarget } from '../state/target.ts';

function factsOf(t: Target): [string, string][] {
  return [
    ['Machine', `${t.hostname} · ${t.cpuModel} · ${t.cpus} CPUs · ${bytes(t.memoryBytes)}`],
    ['Kernel', `Linux ${t.release} ${t.build}`],
    ['Paging', `${t.levels} levels · ${t.virtualBits} virtual, ${t.maxPhysBits} physical bits`],
    ['PTI', t.pti ? 'on: each address space has a second, user root' : 'off'],
    ['PCID · LAM', `${t.pcid ? 'in use' : 'not in use'} · ${t.lam ? 'in use' : 'not in use'}`],
    ['C-bit', t.encryptionMask ? `0x${hex(t.encryptionMask)}` : 'none'],
    ['Lockdown', t.lockdown || 'not in this kernel'],
    ['Zero page', t.zeroPfn ? `frame 0x${hex(t.zeroPfn)}` : 'unknown: PFNs are hidden'],
    ['Direct map', t.directMap ? `0x${hex(t.directMap)} · ${t.directMapFrom}` : 'not found'],
    ['cr3scope', t.version],
    ...(t.capture
      ? ([
          ['Capture', t.capture.path],
          ['Made', `${t.capture.startedAt} to ${t.capture.finishedAt ?? 'unknown: the end is missing'}`],
          ['SHA-256', t.capture.digest],
          ['Complete', t.capture.problem || 'yes, and as it was written'],
        ] as [string, string][])
      : []),
  ];
}

function sayTarget(t: Target, host: string): string {
  const what = t.capture
    ? `capture of ${t.hostname}, ${t.capture.startedAt.slice(0, 16).replace('T', ' ')}`
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
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
    </Popup>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// Messages that a page under a stranger's control might send: valid ones, mutated ones, and noise. The same seed gives the
// same messages.
import { LAB_NAMES } from '../../app/contract/labs.ts';
import { pack } from '../../app/contract/msgpack.ts';

/** Numbers in [0, 1), by mulberry32. */
export function randomBy(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Fuzzer {
  /** `pid`: a process that may be looked at. */
  constructor(
    private readonly random: () => number,
    private readonly pid: number,
  ) {}

  /** A binary message, or a text one. */
  next(): Uint8Array | string {
    const dice = this.random();
    if (dice < 0.02) return this.text();
    if (dice < 0.07) return this.noise(this.below(300));
    const [method, args] = this.call();
    const request: Record<string, unknown> = { id: this.below(1 << 20), method, args };
    if (dice < 0.4) return pack(request);
    if (dice < 0.5) return pack(this.mutated(request));
    if (dice < 0.9 || method === 'startTrace') return pack({ ...request, args: this.mutated(args, method) });
    const bytes = pack(request);
    if (dice < 0.95) return bytes.subarray(0, this.below(bytes.length));
    const at = this.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << this.below(8));
    return bytes;
  }

  /** What a stranger might say first. */
  greeting(): Uint8Array | string {
    return this.pick([
      () => this.text(),
      () => this.noise(this.below(2000)),
      () => JSON.stringify({ token: this.text(), session: this.text() }),
      () => JSON.stringify({ session: this.value(2) }, (_key, v) => (typeof v === 'bigint' ? String(v) : v)),
      () => '['.repeat(this.below(2000)),
    ])();
  }

  below = (n: number) => Math.floor(this.random() * n);

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  private noise = (length: number) => Uint8Array.from({ length }, () => this.below(256));

  private text = () => String.fromCharCode(...Array.from({ length: this.below(80) }, () => this.below(0x500)));

  private id = () => this.pick(['a', 'b', 'c', 'd']);

  /** A method with valid arguments. */
  private call(): [string, Record<string, unknown>] {
    const space = { pid: this.pid, startTicks: 0n };
    const pfn = BigInt(this.below(1 << 20));
    const range = { begin: 0n, end: 1n << 47n };
    const id = this.id();
    const heavy = this.random() < 0.002 ? [['owners', { pfn, again: false }] as const] : [];
    return this.pick<readonly [string, Record<string, unknown>]>([
      ...heavy,
      ['target', {}],
      ['processes', {}],
      ['regions', space],
      [
        'rows',
        { ...space, vas: BigUint64Array.from({ length: this.below(64) }, () => BigInt(this.below(1 << 30)) << 12n) },
      ],
      ['translate', { ...space, va: BigInt(this.below(1 << 30)) << 12n }],
      ['frame', { pfn }],
      ['frames', { pfn, count: 1 + this.below(64) }],
      ['shared', { ...space, other: this.pid, otherStart: 0n }],
      ['cpus', {}],
      ['tables', space],
      ['startWatch', { id, ...space, begin: 0x400000n, end: 0x401000n, intervalMs: this.pick([0, 50]) }],
      ['sampleWatch', { id }],
      [
        'startTrace',
        { id, arguments: this.pick([['true'], []]), pid: 0, directory: '', user: '', environment: [], follow: true },
      ],
      ['startCheck', { id, ...space, ...range, bytes: false }],
      ['checkRows', { id }],
      ['startSearch', { id, ...space, bytes: Uint8Array.of(0x7f, 0x45), mask: Uint8Array.of(255, 255), limit: 10n }],
      [
        'startExport',
        { id, check: '', ...space, format: this.pick(['cr3scope', 'csv', 'html', 'jsonl']), frames: 'none' },
      ],
      ['startRecording', { id }],
      ['stopRecording', { id }],
      ['takeSnapshot', { id, ...space }],
      ['openSnapshot', { id, path: this.pick(['/nonexistent', '/dev/zero', '/etc/passwd', '/']) }],
      ['compare', { before: id, after: '' }],
      ['exportComparison', { format: 'csv' }],
      ['dropSnapshot', { id }],
      ['startLab', { id, name: this.pick(LAB_NAMES) }],
      ['nextLab', { id }],
      ['endLab', { id }],
      ['cancel', { id }],
      ['cancel', { id }],
      [this.pick(['__proto__', 'constructor', 'close', 'call', 'take', 'listen', '']), {}],
    ] as const) as [string, Record<string, unknown>];
  }

  /** The same with one field changed, gone or added. The PID of a trace stays: it would stop a process of somebody. */
  private mutated(value: Record<string, unknown>, method = ''): Record<string, unknown> {
    const keys = Object.keys(value).filter((key) => key !== 'pid' || (method !== 'startTrace' && this.random() < 0.1));
    const key = this.pick([...keys, 'extra']);
    const { [key]: _, ...rest } = value;
    return this.random() < 0.2 ? rest : { ...rest, [key]: this.value(3) };
  }

  private value(depth: number): unknown {
    return this.pick<() => unknown>([
      () => null,
      () => this.below(1 << 16) - (1 << 15),
      () => this.pick([Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 1e300, 0.5]),
      () => BigInt(this.below(1 << 30)) << BigInt(this.below(34)),
      () => -1n,
      () => this.text(),
      () => 'x'.repeat(this.below(20_000)),
      () => this.noise(this.below(5000)),
      () => BigUint64Array.from({ length: this.below(5000) }, () => BigInt(this.below(1 << 30)) << 12n),
      () => new Uint32Array(this.below(5000)),
      () => (depth ? Array.from({ length: this.below(5) }, () => this.value(depth - 1)) : []),
      () => (depth ? { [this.text() || 'a']: this.value(depth - 1) } : {}),
    ])();
  }
}

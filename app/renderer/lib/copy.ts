// SPDX-License-Identifier: GPL-2.0-only
// Formats in which bytes are copied.
import { hex } from '../../contract/format.ts';

export const COPY_FORMS = {
  hex: 'Hex',
  c: 'C array',
  rust: 'Rust array',
  python: 'Python bytes',
  dump: 'Dump with addresses',
} as const;
export type CopyForm = keyof typeof COPY_FORMS;

const list = (bytes: readonly number[], indent: string) =>
  Array.from({ length: Math.ceil(bytes.length / 12) }, (_, i) =>
    bytes
      .slice(i * 12, i * 12 + 12)
      .map((b) => `0x${hex(b, 2)},`)
      .join(' '),
  )
    .map((line) => indent + line)
    .join('\n');

const printable = (b: number) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.');

/** `bytes` begin at physical address `pa`. */
export function copyAs(form: CopyForm, bytes: readonly number[], pa: bigint): string {
  switch (form) {
    case 'hex':
      return bytes.map((b) => hex(b, 2)).join(' ');
    case 'c':
      return `/* physical 0x${hex(pa)} */\nconst unsigned char bytes[${bytes.length}] = {\n${list(bytes, '\t')}\n};\n`;
    case 'rust':
      return `// physical 0x${hex(pa)}\nconst BYTES: [u8; ${bytes.length}] = [\n${list(bytes, '    ')}\n];\n`;
    case 'python':
      return `bytes.fromhex("${bytes.map((b) => hex(b, 2)).join('')}")  # physical 0x${hex(pa)}\n`;
    case 'dump':
      return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => {
        const line = bytes.slice(i * 16, i * 16 + 16);
        const digits = line.map((b) => hex(b, 2)).join(' ');
        return `${hex(pa + BigInt(i * 16), 12)}  ${digits.padEnd(47)}  ${line.map(printable).join('')}\n`;
      }).join('');
  }
}

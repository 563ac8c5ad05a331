// SPDX-License-Identifier: GPL-2.0-only
// A structure over the bytes at the cursor: its fields with their values. A field selects its bytes, and the byte under the
// cursor marks its field.
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { hex } from '../../../contract/format.ts';
import { type Field, fieldsOf, fieldValue, MOST_PATTERN_TEXT } from '../../../contract/overlay.ts';
import { pfnOf } from '../../../contract/paging.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { FormBar } from '../../parts/Bar.tsx';
import { Coded } from '../../parts/Coded.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useKept } from '../../state/kept.ts';
import { byteAt, openFrame, useMemory } from '../../state/memory.ts';
import { complete, follow, lay, selectField, takeOff, useOverlay } from '../../state/overlay.ts';
import { useTarget } from '../../state/target.ts';
import { Term } from '../common/Term.tsx';
import '../../parts/listing.css';
import './structure.css';

/** Fields that are shown. */
const MOST_FIELDS = 1024;
/** Elements of a nested array that is open from the beginning. */
const MOST_OPEN = 8;

/** The bytes of a field that begins at `pa`, or why they are missing. */
function bytesAt(loaded: ReturnType<typeof useMemory.getState>['loaded'], pa: bigint, count: number) {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = pa + BigInt(i);
    const byte = byteAt(loaded, at);
    if (byte === undefined) {
      const frame = loaded.get(pfnOf(at));
      return frame ? `not readable: ${FRAME_STATUS.meaning(FRAME_STATUS.name(frame.status))}` : 'not read yet';
    }
    bytes[i] = byte;
  }
  return bytes;
}

function FieldValue({ field, pa }: { field: Field; pa: bigint }) {
  const loaded = useMemory((s) => s.loaded);
  const target = useTarget((s) => s.target);
  if (field.hasFields || !target) return null;
  const bytes = bytesAt(loaded, pa + BigInt(field.offset), field.bytes);
  if (typeof bytes === 'string') return <span className="dim">{bytes}</span>;
  const { text, pointer, pfn } = fieldValue(field, bytes, target);
  if (pointer !== undefined)
    return (
      <LinkButton num onClick={() => void follow(pointer)}>
        {text}
      </LinkButton>
    );
  if (pfn !== undefined)
    return (
      <LinkButton num onClick={() => openFrame(pfn)}>
        {text}
      </LinkButton>
    );
  return <span className="num">{text}</span>;
}

interface RowProps {
  readonly field: Field;
  readonly pa: bigint;
  readonly here: boolean;
  readonly open: boolean;
  onToggle(): void;
}

function Row({ field, pa, here, open, onToggle }: RowProps) {
  const { name, depth, type, offset, bit, bits, bytes, hasFields } = field;
  const shown = name || `${type.kind} without a name`;
  const Arrow = open ? ChevronDown : ChevronRight;
  const size = bits ? `${bits} ${bits === 1 ? 'bit' : 'bits'}` : `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  return (
    <tr className={here ? 'here' : ''} aria-current={here || undefined}>
      <td className="num dim">
        +{hex(offset, 3)}
        {bits > 0 && `:${bit}`}
      </td>
      <th scope="row" style={{ paddingLeft: depth * 12 }}>
        <span className="field-name">
          {hasFields && (
            <button
              type="button"
              className="icon-button"
              aria-label={`${open ? 'Close' : 'Open'} ${shown}`}
              aria-expanded={open}
              onClick={onToggle}
            >
              <Arrow size={12} aria-hidden="true" />
            </button>
          )}
          <LinkButton onClick={() => selectField(offset, bytes)}>{shown}</LinkButton>
        </span>
        <span className="dim field-type">
          {type.name} · {size}
        </span>
      </th>
      <td>
        <FieldValue field={field} pa={pa} />
      </td>
    </tr>
  );
}

function Fields() {
  const laid = useOverlay((s) => s.laid);
  const cursor = useMemory((s) => s.cursor) ?? -1n;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const type = laid?.type;
  useEffect(() => setToggled(new Set()), [type]);
  const { fields, isOpen } = useMemo(() => {
    const sizes = new Map<string, boolean>();
    const isOpen = (path: string, depth: number) => {
      const first = sizes.get(path) ?? depth < 2;
      return first !== toggled.has(path);
    };
    if (!type) return { fields: [], isOpen };
    // Long arrays are closed until they are asked for.
    for (const f of fieldsOf(type, () => true, MOST_FIELDS))
      if (f.type.kind === 'array' && f.type.count > MOST_OPEN) sizes.set(f.path, false);
    return { fields: fieldsOf(type, isOpen, MOST_FIELDS), isOpen };
  }, [type, toggled]);
  if (!laid) return null;
  const at = Number(cursor - laid.pa);
  // The last one that covers the cursor is the innermost.
  const here = fields.findLast(({ offset, bytes }) => at >= offset && at < offset + bytes);
  const toggle = (path: string) => {
    const next = new Set(toggled);
    if (!next.delete(path)) next.add(path);
    setToggled(next);
  };
  return (
    <div className="scroll fill" tabIndex={0} role="group" aria-label="Fields of the structure">
      <table className="listing structure" aria-label={`Fields of ${laid.type.name}`}>
        <thead>
          <tr>
            <th scope="col">Offset</th>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <Row
              key={field.path}
              field={field}
              pa={laid.pa}
              here={field === here}
              open={isOpen(field.path, field.depth)}
              onToggle={() => toggle(field.path)}
            />
          ))}
        </tbody>
      </table>
      {fields.length === MOST_FIELDS && (
        <p className="dim">Only the first {MOST_FIELDS} fields are shown. Use a smaller pattern to see others.</p>
      )}
    </div>
  );
}

function Problem({ pattern }: { pattern: string }) {
  const error = useOverlay((s) => s.error);
  if (!error) return null;
  const { at } = error;
  return (
    <div className="structure-error" role="alert">
      {at !== undefined && (
        <pre className="num" aria-hidden="true">
          {pattern}
          {'\n'}
          {' '.repeat(at)}^
        </pre>
      )}
      <span className="bad">
        {at !== undefined && `At character ${at + 1}: `}
        {error.message}.
      </span>{' '}
      <Coded text={error.remedy} />
    </div>
  );
}

export function StructurePane() {
  const cursor = useMemory((s) => s.cursor);
  const { laid, lost, recent, names, error } = useOverlay();
  const [pattern, setPattern] = useKept('structure.pattern', '');
  const [tried, setTried] = useState('');
  if (cursor === undefined)
    return (
      <Pane label="Structure">
        <Empty title="No bytes">Open a frame, and lay a structure of C over its bytes.</Empty>
      </Pane>
    );
  return (
    <Pane label="Structure">
      <PaneTitle title={laid ? `${laid.type.name} at ${hex(laid.pa, 9)} · ${laid.type.bytes} bytes` : 'Structure'}>
        <span className="spacer" />
        {laid && (
          <button type="button" className="quiet-button" onClick={takeOff}>
            Take it off
          </button>
        )}
      </PaneTitle>
      <FormBar
        onSubmit={() => {
          setTried(pattern);
          void lay(pattern, cursor);
        }}
      >
        <input
          className="num command"
          aria-label="Type or pattern"
          placeholder="struct page, pte_t[512], u64[8], { u32 a; u64 b; }"
          list="structure-patterns"
          value={pattern}
          maxLength={MOST_PATTERN_TEXT}
          spellCheck={false}
          onChange={(e) => {
            setPattern(e.target.value);
            void complete(e.target.value);
          }}
        />
        <datalist id="structure-patterns">
          {[...new Set([...names, ...recent])].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <button type="submit" title={`Lays it over the bytes from ${hex(cursor, 9)} on`}>
          Lay it at the cursor
        </button>
      </FormBar>
      <Problem pattern={tried} />
      {lost && (
        <p className="structure-error" role="alert">
          <span className="bad">The pointer leads nowhere:</span> {lost}
        </p>
      )}
      {laid ? (
        <Fields />
      ) : (
        !error && (
          <Empty title="No structure is laid over the bytes">
            Write a <Term of="pattern" />: the name of a type of the kernel, or a structure in C. It begins at the
            cursor in the bytes below.
          </Empty>
        )
      )}
    </Pane>
  );
}

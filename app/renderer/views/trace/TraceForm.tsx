// SPDX-License-Identifier: GPL-2.0-only
// Which program to launch, or what to attach to.
import { splitWords } from '../../lib/words.ts';
import { FormBar } from '../../parts/Bar.tsx';
import { useKept } from '../../state/kept.ts';
import { useSpace } from '../../state/space.ts';
import { startTrace, stopTrace } from '../../state/trace.ts';

/** Words of a line of NAME=value, or what is wrong with it. */
function parseVariables(line: string): string[] | string {
  const variables = splitWords(line);
  if (typeof variables === 'string') return variables;
  return variables.every((v) => /^[^=]+=/.test(v)) ? variables : 'variables are NAME=value';
}

export function TraceForm({ running, hidden }: { running: boolean; hidden: boolean }) {
  const space = useSpace((s) => s.space);
  const [line, setLine] = useKept('trace.line', '');
  const [directory, setDirectory] = useKept('trace.directory', '');
  const [user, setUser] = useKept('trace.user', '');
  const [environment, setEnvironment] = useKept('trace.environment', '');
  const [follow, setFollow] = useKept('trace.follow', true);
  const words = splitWords(line);
  const variables = parseVariables(environment);
  const wrong = typeof words === 'string' ? words : typeof variables === 'string' ? variables : '';
  const run = (arguments_: string[], pid: number) =>
    void startTrace({
      arguments: arguments_,
      pid,
      directory,
      user,
      environment: typeof variables === 'string' ? [] : variables,
      follow,
    });
  return (
    <FormBar
      hidden={hidden}
      onSubmit={() => {
        if (running) stopTrace();
        else if (!wrong && typeof words !== 'string' && words.length) run(words, 0);
      }}
    >
      <input
        className="num command"
        aria-label="Program and arguments"
        placeholder="program and arguments, like: sh -c 'ls | wc'"
        value={line}
        spellCheck={false}
        onChange={(e) => setLine(e.target.value)}
      />
      <button type="submit" disabled={!running && (wrong !== '' || words.length === 0)}>
        {running ? 'Stop' : 'Launch'}
      </button>
      <button
        type="button"
        disabled={running}
        title="Each exec, fork and exit of every process, by the scheduler’s tracepoints (bpf): no process is stopped"
        onClick={() => run([], 0)}
      >
        Whole machine
      </button>
      {space && (
        <button type="button" disabled={running} onClick={() => run([], space.pid)}>
          Attach to {space.pid} {space.name}
        </button>
      )}
      <label>
        <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> follow all it starts
      </label>
      <details>
        <summary>directory, user, variables</summary>
        <div className="more">
          <input
            aria-label="Directory"
            placeholder="directory"
            value={directory}
            onChange={(e) => setDirectory(e.target.value)}
          />
          <input aria-label="User" placeholder="user" value={user} onChange={(e) => setUser(e.target.value)} />
          <input
            aria-label="Variables"
            placeholder="NAME=value …"
            value={environment}
            onChange={(e) => setEnvironment(e.target.value)}
          />
        </div>
      </details>
      <span className={wrong ? 'bad' : 'dim'} role="status">
        {wrong}
      </span>
    </FormBar>
  );
}

/** Replays the trace of a capture. */
export const showRecordedTrace = (): Promise<void> =>
  startTrace({ arguments: [], pid: 0, directory: '', user: '', environment: [], follow: true });

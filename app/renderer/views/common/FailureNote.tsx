// SPDX-License-Identifier: GPL-2.0-only
import type { Failure } from '../../../contract/api.ts';
import { inWords, type Said, sayLife } from '../../lib/failures.ts';
import { Coded } from '../../parts/Coded.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { askPrivileges, isPrivileged, usePrivileges } from '../../state/privileges.ts';
import { useLife } from '../../state/processes.ts';
import type { Space } from '../../state/space.ts';

const useWords = (failure: Failure, space: Space | undefined) => {
  const life = useLife(space);
  const privileged = usePrivileges(isPrivileged);
  return inWords(failure, life, privileged);
};

interface Props {
  readonly failure: Failure;
  /** The process that it is about. */
  readonly space?: Space | undefined;
}

const titleOf = ({ title, raw }: Said) => <span title={raw && `The kernel’s answer: ${raw}`}>{title}.</span>;

/** What failed, without what to do. */
export const FailureTitle = ({ failure, space }: Props) => titleOf(useWords(failure, space));

/** A failure in a line of text. */
export function FailureText({ failure, space }: Props) {
  const words = useWords(failure, space);
  return (
    <>
      {titleOf(words)} <Coded text={words.text} />
    </>
  );
}

/** Why something can't be shown, and what to do. */
export function FailureNote({ failure, space }: Props) {
  const mayAsk = usePrivileges((s) => s.mayAsk);
  const { title, text, raw, wantsPrivileges } = useWords(failure, space);
  return (
    <Empty title={title}>
      <span title={raw && `The kernel’s answer: ${raw}`}>
        <Coded text={text} />
      </span>{' '}
      {wantsPrivileges &&
        (mayAsk ? (
          <button type="button" onClick={askPrivileges}>
            Ask for privileges
          </button>
        ) : (
          'The line at the top says how to get privileges.'
        ))}
    </Empty>
  );
}

/** In place of what a kernel thread, or a process that has exited, does not have. */
export function LifeNote({ space }: { space: Space }) {
  const said = sayLife(useLife(space));
  return said ? <Empty title={said.title}>{said.text}</Empty> : null;
}

// SPDX-License-Identifier: GPL-2.0-only
// What is missing without privileges, and the button to ask for them.
import { NO_PRIVILEGES } from '../../contract/api.ts';
import { capitalized } from '../../contract/format.ts';
import { Banner } from '../parts/Banner.tsx';
import { askPrivileges, usePrivileges } from '../state/privileges.ts';

const WHAT_IS_THERE =
  'The window shows what an ordinary user may read: the list of processes, and the regions of your own. Frame numbers, page tables, frames and checks need privileges.';

/** A message of the program as a sentence. */
const sentence = (text: string) => `${capitalized(text).replace(/[.\s]+$/, '')}.`;

export function PrivilegesBanner() {
  const { host, how, problem, mayAsk, asking } = usePrivileges();
  if (asking)
    return (
      <Banner role="status">
        You are asked for a password {asking}. {WHAT_IS_THERE}
      </Banner>
    );
  if (!problem) return null;
  return (
    <Banner role="alert">
      {sentence(problem.message)} {how === NO_PRIVILEGES && WHAT_IS_THERE} {!mayAsk && problem.remedy}
      {mayAsk && (
        <button type="button" onClick={askPrivileges}>
          {host ? 'Connect again' : how === NO_PRIVILEGES ? 'Ask for privileges' : 'Start the helper again'}
        </button>
      )}
    </Banner>
  );
}

// SPDX-License-Identifier: GPL-2.0-only
// polkit's own daemon with the policy of the package: an ordinary user who is not at the machine gets no helper, unless an
// administrator's rule says so, and then nothing else.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { built, version } from './built.ts';
import { Root } from './root.ts';

const ACTION = 'org.cr3scope.helper.read-memory';
const HELPER = '/usr/lib/cr3scope/cr3scope-helper';

/** Each line of its output is one answer. Bus and daemon end with it. */
const ASK = `
mkdir -p /run/dbus
dbus-daemon --system --fork
for polkitd in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd; do [ ! -x $polkitd ] || break; done
$polkitd --no-debug >/dev/null 2>&1 &
trap 'kill $! $(cat /run/dbus/pid)' EXIT
until dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \\
  string:org.freedesktop.PolicyKit1 >/dev/null 2>&1; do sleep 0.2; done
as_user() { setpriv --reuid=games --regid=games --clear-groups "$@" 2>&1; }
code=0; as_user sh -c 'pkcheck --action-id ${ACTION} --process $$' >/dev/null || code=$?
echo "pkcheck $code"
as_user pkexec --disable-internal-agent ${HELPER} </dev/null | tr -cd '[:print:]'; echo
as_user pkexec --disable-internal-agent /usr/bin/id </dev/null | head -n 1
`;

describe.each(['bookworm', 'trixie'])('in a fresh root of %s', (suite) => {
  let root: Root;
  const ask = () => root.must('sh', '-c', ASK).trim().split('\n');

  beforeAll(() => {
    root = Root.fresh(suite);
    root.apt('update');
    root.apt('install', 'dbus', 'pkexec', 'polkitd', root.give(built('cr3scope')));
  });
  afterAll(() => root?.close());

  test('polkit refuses', () => {
    expect(ask()).toEqual([
      'pkcheck 1',
      expect.stringMatching(/: Not authorized/),
      expect.stringMatching(/: No authentication agent found/),
    ]);
  });

  test('a rule permits the helper, and nothing else', () => {
    const rule = `polkit.addRule(function (action, subject) {
      if (action.id === '${ACTION}' && subject.user === 'games') return polkit.Result.YES;
    });`;
    writeFileSync(join(root.folder, 'etc/polkit-1/rules.d/50-cr3scope.rules'), rule);
    expect(ask()).toEqual([
      'pkcheck 0',
      expect.stringMatching(`cr3scope-helper.*${version}`),
      expect.stringMatching(/: No authentication agent found/),
    ]);
  });
});

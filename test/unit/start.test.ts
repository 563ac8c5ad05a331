// SPDX-License-Identifier: GPL-2.0-only
// What a start of the desktop shows.
import { expect, test } from 'vitest';
import { wantedBy } from '../../app/main/start.ts';

test('words are captures, by path or URL, and links', () => {
  const words = [
    '--disable-gpu',
    'one.cr3scope',
    '../two',
    '/three',
    'file:///a%20folder/four.cr3scope',
    'cr3scope://cpus',
  ];
  expect(wantedBy(words, '/home/you/captures')).toEqual({
    captures: ['/home/you/captures/one.cr3scope', '/home/you/two', '/three', '/a folder/four.cr3scope'],
    link: 'cr3scope://cpus',
  });
  expect(wantedBy([], '/')).toEqual({ captures: [] });
});

test.each(['cr3scope://', 'cr3scope://frame/what', 'file://elsewhere/one.cr3scope', 'file:///one%2ftwo'])(
  '%s leads nowhere, and says so',
  (word) => expect(() => wantedBy([word], '/')).toThrow(word),
);

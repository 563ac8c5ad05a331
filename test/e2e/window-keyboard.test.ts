// SPDX-License-Identifier: GPL-2.0-only
// The whole window by keyboard alone: every element that takes part is reached, is seen to have the focus, and has a name.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, type CommandName } from '../../app/contract/commands.ts';
import { hex } from '../../app/contract/format.ts';
import { VIEW_NAMES, VIEWS } from '../../app/contract/views.ts';
import { startLabProgram } from '../lab.ts';
import { inOneFace, PAGE } from './window.ts';

/** A program with a page that is mapped and writable. */
let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

/** An element that had the focus. */
interface Stop {
  readonly what: string;
  /** "" where it has no accessible name. */
  readonly name: string;
  readonly visible: boolean;
}

/** The tabs of the inspector besides that of the walk, with their panes. */
const INSPECTOR = {
  Frame: 'Frame facts',
  'Mapped by': 'Mapped by',
  Bytes: 'Data inspector',
  Structure: 'Structure',
  Notes: 'Notes',
};

/** The commands that open a dialog. */
const DIALOGS: readonly CommandName[] = [
  'open',
  'export',
  'capture',
  'connect',
  'search',
  'shared',
  'help',
  'glossary',
  'about',
];

inOneFace((window) => {
  const press = async (...keys: string[]) => {
    for (const key of keys) await window.page.keyboard.press(key);
  };

  /** Records in the page what gets the focus, and which elements should be reached by Tab. */
  const listen = () =>
    window.page.evaluate(() => {
      const nameOf = (e: HTMLElement): string => {
        const by = (e.getAttribute('aria-labelledby') ?? '')
          .split(' ')
          .map((id) => document.getElementById(id)?.innerText);
        const labels = e instanceof HTMLInputElement || e instanceof HTMLSelectElement ? [...(e.labels ?? [])] : [];
        const inside = e.matches('[role=grid], [role=slider], [role=group], dl, input, select') ? '' : e.innerText;
        const texts = [e.ariaLabel, by.join(' '), labels.map((l) => l.innerText).join(' '), inside, e.title];
        return (texts.find((text) => text?.trim()) ?? '').trim().slice(0, 60);
      };
      const what = (e: HTMLElement) => `${e.tagName.toLowerCase()}${e.role ? `[${e.role}]` : ''}.${e.className}`;
      const state = { stops: [] as Stop[], seen: new Set<Element>() };
      const shown = ({ outlineStyle, outlineWidth }: CSSStyleDeclaration) =>
        outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
      Object.assign(globalThis, { keyboard: state });
      document.addEventListener('focusin', ({ target }) => {
        if (!(target instanceof HTMLElement) || target.matches('[data-base-ui-focus-guard], [data-base-ui-inert]'))
          return;
        state.seen.add(target);
        const box = target.getBoundingClientRect();
        const visible = shown(getComputedStyle(target)) && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
        state.stops.push({ what: what(target), name: nameOf(target), visible });
      });
    });

  /** Goes through the page by Tab until the focus comes round; gives what was wrong on the way. */
  async function walk(): Promise<string[]> {
    await window.page.evaluate(() => {
      const { keyboard } = globalThis as unknown as { keyboard: { stops: unknown[]; seen: Set<Element> } };
      keyboard.stops.length = 0;
      keyboard.seen.clear();
      // Each walk begins at the beginning of the page.
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    const wanted = await window.page.evaluate(() => {
      const all = [...document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [tabindex]')];
      const reach = all.filter(
        (e) =>
          e.tabIndex >= 0 &&
          !e.matches(':disabled, [data-base-ui-focus-guard], [type=radio]:not(:checked)') &&
          e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true } as CheckVisibilityOptions),
      );
      Object.assign(globalThis, { wanted: reach });
      return reach.length;
    });
    for (let i = 0; i < wanted + 8; i++) await press('Tab');
    return window.page.evaluate(() => {
      const { keyboard, wanted } = globalThis as unknown as {
        keyboard: { stops: Stop[]; seen: Set<Element> };
        wanted: HTMLElement[];
      };
      const missed = wanted.filter((e) => e.isConnected && !keyboard.seen.has(e) && !e.matches(':disabled'));
      return [
        // As many as the smallest view has.
        ...(keyboard.seen.size < 15 ? [`only ${keyboard.seen.size} elements take part`] : []),
        ...missed.map((e) => `not reached: ${e.outerHTML.slice(0, 120)}`),
        ...keyboard.stops.filter((s) => !s.name).map((s) => `without a name: ${s.what}`),
        ...keyboard.stops.filter((s) => !s.visible).map((s) => `focus not seen: ${s.what} ${s.name}`),
      ];
    });
  }

  /** What has the focus, as a selector can test it. */
  const focused = (selector: string) =>
    window.page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector);
  const tabTo = async (selector: string) => {
    for (let i = 0; i < 150; i++) {
      if (await focused(selector)) return;
      await press('Tab');
    }
    throw new Error(`Tab does not lead to ${selector}`);
  };

  const startAtPage = async () => {
    await window.start(`cr3scope://address/${program.pid}/${hex(program.va)}`);
    await window.checked(program.pid);
    await listen();
  };

  for (const [at, view] of VIEW_NAMES.entries())
    test(`${VIEWS[view].label}: everything is reached, seen and named`, async () => {
      await startAtPage();
      await press(`Control+${at + 1}`);
      await window.settle();
      expect(await walk()).toEqual([]);
      for (const scheme of ['light', 'dark'] as const) {
        await window.page.emulateMedia({ colorScheme: scheme });
        await window.axe(PAGE);
      }
    });

  for (const [tab, name] of Object.entries(INSPECTOR))
    test(`the tab ${tab} of the inspector: everything is reached, seen and named`, async () => {
      await startAtPage();
      await tabTo('.inspector-tabs [role=tab]');
      for (let i = 0; i < 5 && !(await window.pane(name).isVisible()); i++) await press('ArrowRight', 'Enter');
      await window.pane(name).waitFor();
      if (tab === 'Structure') {
        await tabTo('[aria-label="Type or pattern"]');
        await window.page.keyboard.type('{ u64 a[2]; struct list_head list; }');
        await press('Enter');
        await window.pane(name).getByRole('table').waitFor();
      }
      await window.settle();
      expect(await walk()).toEqual([]);
      await window.axe('.inspector');
    });

  test('a process, a region, a page and its frame are chosen, and the inspector shows each of its tabs', async () => {
    await startAtPage();
    await tabTo('[role=grid][aria-label=Processes]');
    const heading = window.pane('Address space').getByRole('heading').first();
    const before = await heading.innerText();
    await press('Home', 'ArrowDown');
    await expect.poll(() => heading.innerText()).not.toBe(before);
    await press('Control+k');
    await window.page.keyboard.type(`${program.pid}:${hex(program.va)}`);
    await press('Enter');
    await window.checked(program.pid);

    const place = window.page.getByRole('navigation', { name: 'Place' }).getByRole('listitem');
    await tabTo('[role=grid][aria-label=Regions]');
    const page = () => place.nth(2).innerText();
    const first = await page();
    await press('ArrowUp');
    await expect.poll(page).not.toBe(first);
    await tabTo('[role=grid][aria-label=Pages]');
    const second = await page();
    await press('End', 'ArrowUp');
    await expect.poll(page).not.toBe(second);

    await press('Control+k');
    await window.page.keyboard.type(hex(program.va));
    await press('Enter');
    await tabTo('#hex-view');
    const label = () => window.page.locator('#hex-view').getAttribute('aria-label');
    const byte = await label();
    await press('ArrowRight');
    await expect.poll(label).not.toBe(byte);

    await tabTo('.inspector-tabs [role=tab]');
    for (const name of ['Notes', 'Structure', 'Data inspector', 'Mapped by', 'Frame facts', 'Walk']) {
      await press('ArrowLeft', 'Enter');
      await window.pane(name).waitFor();
    }
  });

  test('the flags of an entry say what they mean to the keyboard, too', async () => {
    await startAtPage();
    await tabTo('.walk-levels .flag');
    const said = () =>
      window.page.evaluate(() => {
        const chip = document.activeElement as HTMLElement;
        return [chip.innerText, getComputedStyle(chip, '::after').content.slice(1, -1), chip.title];
      });
    const flags = await window.walk.locator('.walk-levels > li').first().locator('.flag').allInnerTexts();
    for (const flag of flags) {
      const [text, shown, title] = await said();
      expect(text).toBe(flag);
      expect(shown).toMatch(/^bit \d+: |^this level denies /);
      expect(shown).toBe(title);
      await press('ArrowRight');
    }
    await window.picture('flag');
    // One stop for the chips of a level: the next one is elsewhere.
    expect((await said())[0]).toBe(flags.at(-1));
    await press('Home');
    expect((await said())[0]).toBe(flags[0]);
    await press('Tab');
    expect(await focused('.walk-levels > li:first-child .flag')).toBe(false);
  });

  test('a dialog keeps the focus inside, and gives it back when Esc closes it', async () => {
    await startAtPage();
    for (const name of DIALOGS) {
      await tabTo('[aria-label=Menu]');
      const { menu } = COMMANDS[name];
      await press('Enter');
      await window.page.getByRole('menu').first().waitFor();
      // The first letters of an item lead to it.
      await window.page.keyboard.type({ file: 'Fi', view: 'Vi', go: 'Go', process: 'Pr', help: 'He' }[menu]);
      await press('ArrowRight');
      await window.page.getByRole('menu').nth(1).waitFor();
      await window.page.keyboard.type(COMMANDS[name].title.slice(0, 6));
      await press('Enter');
      await window.dialog.waitFor();
      await window.settle();
      const inside = () => window.page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null);
      for (let i = 0; i < 12; i++) {
        await expect.poll(inside, { message: `Tab ${i} in ${name}` }).toBe(true);
        await press('Tab');
      }
      await window.axe('.dialog');
      await window.closeDialog();
      await expect.poll(() => focused('[aria-label=Menu]')).toBe(true);
    }
  });

  test('a popup opens by Enter, closes by Esc and gives the focus back', async () => {
    await startAtPage();
    for (const trigger of ['.header-button.target', '[aria-label^="Source pagemap"]', '[aria-label=Menu]']) {
      await tabTo(trigger);
      await press('Enter');
      await window.page.locator('.popup').first().waitFor();
      await window.settle();
      await window.axe(PAGE);
      await press('Escape');
      await window.page.locator('.popup').first().waitFor({ state: 'hidden' });
      await expect.poll(() => focused(trigger)).toBe(true);
    }
  });
});

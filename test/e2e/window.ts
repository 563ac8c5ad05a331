// SPDX-License-Identifier: GPL-2.0-only
// The window in each face that this machine can open, with what its tests share.
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type Face, openBrowser, openDesktop, settle, shot } from './faces.ts';
import { electronProgram } from './installed.ts';

const LARGE = [1440, 900] as const;
/** The last is the large one at 150 %. */
const SIZES = [LARGE, [1000, 700], [960, 600]] as const;
/** CSS selectors of parts of the page. */
export const PAGE = 'body';
export const DIALOG = '.dialog';
export const POPUP = '.popup';
export const paneSelector = (name: string) => `section[aria-label="${name}"]`;

const SCHEMES = ['dark', 'light'] as const;

const program = electronProgram();
if (!program) console.warn("\n*** Electron's program cannot be had here: the desktop window is NOT tested. ***\n");

export class TestWindow {
  private opened: Face | undefined;

  constructor(
    readonly name: string,
    private readonly openFace: () => Promise<Face>,
  ) {}

  get face(): Face {
    if (!this.opened) throw new Error('the window is not open');
    return this.opened;
  }
  get page(): Page {
    return this.face.page;
  }
  get walk(): Locator {
    return this.pane('Walk');
  }
  get frame(): Locator {
    return this.page.getByRole('region', { name: 'Frame', exact: true });
  }
  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }
  pane(name: string): Locator {
    return this.page.locator(paneSelector(name));
  }

  async open(): Promise<void> {
    this.opened = await this.openFace();
  }
  async close(): Promise<void> {
    await this.opened?.close();
  }

  /** Begins anew at a link; without one, at the first process. */
  async start(link?: string): Promise<void> {
    await this.shape('dark', ...LARGE);
    await this.face.load(link);
    this.face.complaints.length = 0;
  }

  /** Begins anew at a process, and waits for its check. */
  async startAt(process: { pid: number }): Promise<void> {
    await this.start(`cr3scope://process/${process.pid}`);
    await this.checked(process.pid);
  }

  /** Begins anew at the CPUs, where no process is chosen. A link may be followed later than the list of processes is shown. */
  async startAtCpus(): Promise<void> {
    await this.start('cr3scope://cpus');
    await this.pane('CPUs').waitFor();
  }

  /** Waits until a process is shown and checked. */
  async checked(pid: number): Promise<void> {
    await this.page.getByRole('heading', { name: new RegExp(`^${pid} `) }).waitFor();
    await this.page.getByText(/pages checked in/).waitFor();
  }

  async show(tab: string): Promise<Locator> {
    await this.page.getByRole('tab', { name: tab }).click();
    return this.pane(tab);
  }

  /** Turns to a tab of the inspector, and gives its pane. */
  async inspect(tab: 'Walk' | 'Frame' | 'Mapped by' | 'Bytes'): Promise<Locator> {
    await this.page.getByRole('tab', { name: tab, exact: true }).click();
    return this.pane({ Frame: 'Frame facts', Bytes: 'Data inspector', Walk: 'Walk', 'Mapped by': 'Mapped by' }[tab]);
  }

  /** Types into the box at the top. */
  async go(text: string): Promise<void> {
    const box = this.page.getByLabel('Go to a process, address, frame or entry');
    await this.page.keyboard.press('Control+k');
    await box.fill(text);
    await box.press('Enter');
  }

  /** From now on the page keeps what it copies. */
  catchCopies(): Promise<void> {
    return this.page.evaluate(() => {
      navigator.clipboard.writeText = async (text) => {
        (window as unknown as { copied: string }).copied = text;
      };
    });
  }
  /** What the page has copied last. */
  copied(): Promise<string> {
    return this.page.evaluate(() => (window as unknown as { copied: string }).copied);
  }

  /** Opens the menu of an element by the pointer, and gives its items. */
  async menuOf(element: Locator): Promise<string[]> {
    await element.click({ button: 'right' });
    await this.page.getByRole('menu').waitFor();
    return this.page.getByRole('menuitem').allInnerTexts();
  }
  async chooseItem(name: RegExp): Promise<void> {
    await this.page.getByRole('menuitem', { name }).click();
    await this.page.getByRole('menu').waitFor({ state: 'hidden' });
  }

  /** Drags files over the page as a file manager does, and lets them go after `over`. */
  async drop(files: readonly string[], over: () => Promise<void> = async () => undefined): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const send = (type: 'dragEnter' | 'dragOver' | 'drop') =>
      session.send('Input.dispatchDragEvent', {
        type,
        x: 500,
        y: 300,
        data: { items: [], files: [...files], dragOperationsMask: 1 },
      });
    await send('dragEnter');
    await send('dragOver');
    await over();
    await send('drop');
    await session.detach();
  }

  async closeDialog(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.dialog.waitFor({ state: 'hidden' });
  }

  /**
   * Axe finds nothing serious in the part of the page that a test is about; it takes its time. It looks at one face: both
   * show the same page.
   */
  async axe(part: string): Promise<void> {
    if (this.name !== 'browser') return;
    const { violations } = await new AxeBuilder({ page: this.page })
      .setLegacyMode() // there are no frames
      .options({ resultTypes: ['violations'] })
      .include(part)
      .analyze();
    const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
    expect(serious.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
  }

  async picture(name: string): Promise<void> {
    await this.settle();
    await this.page.screenshot({ path: shot(`${this.name}-${name}`) });
  }

  /** Pictures in dark and light, large and small: nothing sticks out, and axe finds nothing serious in this part. */
  async pictures(name: string, part: string): Promise<void> {
    for (const [width, height] of SIZES)
      for (const scheme of SCHEMES) {
        await this.shape(scheme, width, height);
        await this.picture(`${name}-${scheme}-${width}`);
        expect(await this.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        if (width === LARGE[0]) await this.axe(part);
      }
    await this.shape('dark', ...LARGE);
  }

  private async shape(colorScheme: (typeof SCHEMES)[number], width: number, height: number): Promise<void> {
    await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const size = () => this.page.evaluate(() => [window.innerWidth, window.innerHeight]);
    if (String(await size()) !== `${width},${height}`) await this.face.resize(width, height);
    await expect.poll(size).toEqual([width, height]);
  }

  /** Waits until everything is read, drawn and at rest. */
  settle(): Promise<void> {
    return settle(this.page);
  }
}

const faces: [string, () => Promise<Face>][] = [['browser', openBrowser]];
if (program) faces.push(['electron', () => openDesktop()]);

function declare(inFaces: typeof faces, tests: (window: TestWindow) => void): void {
  describe.each(inFaces)('%s', (name, open) => {
    const window = new TestWindow(name, open);
    beforeAll(() => window.open());
    afterEach(() => expect(window.face.complaints).toEqual([])); // violations of the CSP come here
    afterAll(() => window.close());
    tests(window);
  });
}

/** Declares the same tests for each face. One window is open for all of them: each test calls `start` first. */
export const inEachFace = (tests: (window: TestWindow) => void): void => declare(faces, tests);

/** Declares tests of what the faces share: for the browser, where axe can look at them, and for both in `npm run test:all`. */
export const inOneFace = (tests: (window: TestWindow) => void): void =>
  declare(process.env.CR3SCOPE_FACES === 'all' ? faces : faces.slice(0, 1), tests);

// SPDX-License-Identifier: GPL-2.0-only
// A page of the web face whose server runs in the test itself, with the service that the test makes.
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { serve } from '../../app/main/serve.ts';
import type { Service } from '../../app/main/service/service.ts';
import { BROWSER_FLAGS } from './faces.ts';

export interface OwnServer {
  readonly url: string;
  readonly page: Page;
  close(): Promise<void>;
}

/** The page is not at its address yet. */
export async function startOwnServer(openService: (machine: string) => Service | undefined): Promise<OwnServer> {
  const server = await serve(openService, 0);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...BROWSER_FLAGS, '--disable-features=LocalNetworkAccessChecks'], // what is routed below has no address
  });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  const page = await context.newPage();
  // The server runs from its sources, which have no built page beside them.
  await page.route('**', (route) => {
    const { pathname } = new URL(route.request().url());
    return route.fulfill({ path: join('out/renderer', pathname === '/' ? 'index.html' : pathname) });
  });
  return {
    url: server.url,
    page,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

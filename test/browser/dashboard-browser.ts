/**
 * The dashboard in a real browser, signed in, on the page of alerts. It starts a platform of its own with the demo's
 * data, or uses the one at `PHANTOMNET_URL` with `PHANTOMNET_PASSWORD` (user `PHANTOMNET_USER`, else admin).
 * `CHROMIUM` names the browser where it is not /usr/bin/chromium.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { until } from '../support/session.ts';

const {
  PHANTOMNET_URL = '',
  PHANTOMNET_USER = 'admin',
  PHANTOMNET_PASSWORD = '',
  CHROMIUM = '/usr/bin/chromium',
} = process.env;
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The browser itself asks for hosts of its maker: none of them may be looked up.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Empty: there is one. */
export const whyNoBrowser = existsSync(CHROMIUM)
  ? whyNotBuilt
  : `there is no browser at ${CHROMIUM}`;

export interface DashboardBrowser {
  readonly page: Page;
  /** Null: it is another's. */
  readonly platform: RunningPlatform | null;
  /** What the browser complained of since the log-in page. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export async function openDashboard(): Promise<DashboardBrowser> {
  let platform: RunningPlatform | null = null;
  let url = PHANTOMNET_URL;
  let password = PHANTOMNET_PASSWORD;
  if (url === '') {
    platform = await startUp();
    ({ url, password } = platform);
    await untilDemoIsOver(platform);
  }
  const profile = await mkdtemp(join(tmpdir(), 'phantomnet-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: ARGS,
    baseURL: url,
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  listen(page, new URL(url).origin, complaints);
  await page.goto('/alerts');
  await signIn(page, password);
  await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
  return {
    page,
    platform,
    complaints,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
      await platform?.stop();
    },
  };
}

export async function signIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('User name').fill(PHANTOMNET_USER);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export function nav(page: Page) {
  return page.getByRole('navigation', { name: 'Main' });
}

/** Everything is loaded and nothing failed. */
export async function expectSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.body.textContent?.includes('Loading '));
  expect(await page.getByRole('alert').allTextContents()).toEqual([]);
}

/** Nobody is signed in at first, which the dashboard learns from a 401: that is no complaint. */
function listen(page: Page, origin: string, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (message.location().url.endsWith('/api/v1/session') && message.text().includes('401'))
      return;
    complaints.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    // Leaving a page gives up what it was still waiting for.
    const why = request.failure()?.errorText ?? 'unknown';
    if (why !== 'net::ERR_ABORTED') complaints.push(`request: ${request.url()}: ${why}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin)
      complaints.push(`foreign request: ${request.url()}`);
  });
}

async function untilDemoIsOver(platform: RunningPlatform): Promise<void> {
  const isOver = (said: string) => said.includes('The demo has been replayed');
  const said = await until(60, async () => platform.said(), isOver);
  if (!isOver(said)) throw new Error(`The demo did not end:\n${said}`);
}

/**
 * The dashboard in a real browser against a running platform with the demo's data: signs in, visits
 * every page by keyboard and by link, and leaves a screenshot of each in `screenshots/` beside this file.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHIPPED_MODEL } from '../../src/app/package-paths.ts';
import { decodeModels, encodeModels } from '../../src/core/models/model-file.ts';
import { writeQuiet } from '../support/quiet-capture.ts';
import { runCommand } from '../support/run-command.ts';
import {
  type DashboardBrowser,
  expectSettled,
  nav,
  openDashboard,
  signIn,
  whyNoBrowser,
} from './dashboard-browser.ts';

const SCREENSHOTS = join(import.meta.dirname, 'screenshots');

/** Every page of the main navigation, with what must be on it. */
const PAGES = [
  { link: 'Overview', path: '/', headings: ['Traffic', 'Alerts by type', 'System health'] },
  { link: 'Alerts', path: '/alerts', headings: ['Newest activity first'] },
  { link: 'Packets', path: '/packets', headings: ['Newest packets, live'] },
  { link: 'Flows', path: '/flows', headings: ['Conversations, newest first'] },
  { link: 'Lures', path: '/lures', headings: ['Honeypot sessions, newest first'] },
  {
    link: 'Decisions',
    path: '/decisions',
    headings: ['Policy', 'Block an address', 'Protected networks: never blocked'],
  },
  { link: 'Models', path: '/models', headings: ['Registry', 'Drift', 'Changes'] },
  { link: 'Settings', path: '/settings', headings: ['Password', 'API keys', 'Sensors'] },
] as const;
const VIEWS = [
  { name: 'desktop-dark', width: 1440, height: 900, colorScheme: 'dark' },
  { name: 'desktop-light', width: 1440, height: 900, colorScheme: 'light' },
  { name: 'phone-dark', width: 400, height: 800, colorScheme: 'dark' },
  { name: 'phone-light', width: 400, height: 800, colorScheme: 'light' },
] as const;

if (whyNoBrowser) process.stderr.write(`dashboard in the browser: skipped, ${whyNoBrowser}\n`);

describe.skipIf(whyNoBrowser)(`dashboard${whyNoBrowser && ` (skipped: ${whyNoBrowser})`}`, () => {
  let browser: DashboardBrowser;
  let page: Page;

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    browser = await openDashboard();
    page = browser.page;
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('returns after signing in to the page that was asked for, and goes live', async () => {
    expect(new URL(page.url()).pathname).toBe('/alerts');
    await page.getByLabel('Live stream: Live').waitFor();
  });

  it.each(PAGES)('shows $link', async ({ link, path, headings }) => {
    await nav(page).getByRole('link', { name: link }).click();
    await page.getByRole('heading', { level: 1, name: link }).waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
    for (const name of headings)
      await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
    await expectSettled(page);
    await page.screenshot({ path: join(SCREENSHOTS, `${fileName(link)}.png`), fullPage: true });
  });

  it('shows packets at the older address too', async () => {
    await page.goto('/alltraffic_page');
    await page.getByRole('heading', { level: 1, name: 'Packets' }).waitFor();
    await expectSettled(page);
    expect(await page.getByRole('row').count()).toBeGreaterThan(1);
  });

  it('opens an alert with its evidence and its decision', async () => {
    await nav(page).getByRole('link', { name: 'Alerts' }).click();
    await page.getByRole('table', { name: 'Alerts' }).locator('tbody a').first().click();
    for (const name of ['Who, whom, when', 'What was done', 'Evidence: what was measured'])
      await page.getByRole('heading', { level: 2, name }).waitFor();
    await expectSettled(page);
    expect(await page.getByText('Confidence').count()).toBeGreaterThan(0);
    await page.screenshot({ path: join(SCREENSHOTS, 'alert.png'), fullPage: true });
  });

  it('says how full the store is and where that leads', async () => {
    await nav(page).getByRole('link', { name: 'Settings' }).click();
    await page.getByText(/ of 21\.5 GB\. At this rate it /).waitFor();
    await page.getByRole('cell', { name: 'Windows of 180 s' }).waitFor();
  });

  it('asks before it arms, and does not arm when told not to', async () => {
    await nav(page).getByRole('link', { name: 'Decisions' }).click();
    const armed = page.getByRole('switch', { name: 'Carry out blocks' });
    await armed.waitFor();
    expect(await armed.getAttribute('aria-checked')).toBe('false');
    await armed.click();
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('button', { name: 'Arm', exact: true }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await armed.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await armed.getAttribute('aria-checked')).toBe('false');
  });

  it('rolls a model back at a click, after asking', async () => {
    // Of another's platform the data folder is not known.
    const { platform } = browser;
    if (!platform) return;
    const twin = await promoteTwin(platform.dataDir);
    await nav(page).getByRole('link', { name: 'Models' }).click();
    const row = page.getByRole('table', { name: 'Models' }).getByRole('row', { name: twin });
    await row.getByText('champion').waitFor();
    await page.getByRole('button', { name: 'Roll back' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'rollback.png') });
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByText('challenger').waitFor();
    await page.getByRole('button', { name: 'Roll back' }).waitFor({ state: 'detached' });
    await page.getByText('rolled back to').waitFor();
    expect(platform.said()).toMatch(/another model judges/);
  });

  it('says in place that an address is none, and asks the server nothing', async () => {
    await nav(page).getByRole('link', { name: 'Packets' }).click();
    await page.getByRole('heading', { level: 1, name: 'Packets' }).waitFor();
    await page.getByLabel('Source').fill('not-an-address');
    await page.getByText('Not an IP address').waitFor();
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).search).toBe('');
  });

  it('leads by keyboard alone from the top of the page to another page, focus always visible', async () => {
    await page.goto('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const target = nav(page).getByRole('link', { name: 'Flows' });
    for (let presses = 0; presses < 20 && !(await isFocused(target)); presses += 1)
      await page.keyboard.press('Tab');
    expect(await isFocused(target)).toBe(true);
    expect(await target.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe(
      'solid',
    );
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Flows' }).waitFor();
  });

  it.each(VIEWS)('fits $name', async ({ name, width, height, colorScheme }) => {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    for (const { link } of PAGES) {
      await nav(page).getByRole('link', { name: link }).click();
      await page.getByRole('heading', { level: 1, name: link }).waitFor();
      await expectSettled(page);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect({ link, overflow }).toEqual({ link, overflow: 0 });
      await page.screenshot({ path: join(SCREENSHOTS, `${fileName(link)}-${name}.png`) });
    }
  });

  it('shows on a phone whole rows of alerts and of what a model is measured at', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const [path, table] of [
      ['/alerts', 'Alerts'],
      ['/models', 'Measures of flow-forest'],
    ] as const) {
      await page.goto(path);
      const region = page.getByRole('region', { name: table, exact: true });
      await region.waitFor();
      const cut = await region.evaluate(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      );
      expect({ table, cut }).toEqual({ table, cut: 0 });
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('raised no complaint in the console and no request failed', () => {
    expect(browser.complaints).toEqual([]);
  });

  it('signs out, and refuses a wrong password in words', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.goto('/packets');
    await signIn(page, 'certainly-not-the-password');
    await page.getByRole('alert').waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'log-in.png') });
    expect(await page.getByRole('navigation').count()).toBe(0);
  });
});

function fileName(link: string): string {
  return link.toLowerCase();
}

function isFocused(target: ReturnType<Page['locator']>): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}

/** A model as good as the one that ships comes to judge on the running platform. Resolves to the beginning of its hash. */
async function promoteTwin(dataDir: string): Promise<string> {
  const { models } = decodeModels(await readFile(SHIPPED_MODEL));
  const bytes = encodeModels(models.map((model) => ({ ...model, seed: 1 })));
  const [file, quiet] = [join(dataDir, 'twin.model'), join(dataDir, 'quiet.pcap')];
  await writeFile(file, bytes);
  await writeQuiet(quiet);
  const hash = decodeModels(bytes).hash.slice(0, 12);
  for (const words of [
    ['add', file],
    ['pin', quiet],
    ['promote', hash],
  ]) {
    const { code, err } = await runCommand(['models', ...words, '--data-dir', dataDir]);
    expect({ words, code, err: code === 0 ? '' : err }).toEqual({ words, code: 0, err: '' });
  }
  return hash;
}

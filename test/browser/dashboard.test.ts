/**
 * The dashboard in a real browser against a running platform with the demo's data: signs in, visits
 * every page by keyboard and by link, and leaves a screenshot of each in `screenshots/` beside this file.
 *
 * It starts a platform of its own, or uses the one at `PHANTOMNET_URL` with `PHANTOMNET_PASSWORD` (user
 * `PHANTOMNET_USER`, else admin). `CHROMIUM` names the browser where it is not /usr/bin/chromium.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHIPPED_MODEL } from '../../src/app/package-paths.ts';
import { decodeModels, encodeModels } from '../../src/core/models/model-file.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { writeQuiet } from '../support/quiet-capture.ts';
import { runCommand } from '../support/run-command.ts';
import { until } from '../support/session.ts';

const {
  PHANTOMNET_URL = '',
  PHANTOMNET_USER = 'admin',
  PHANTOMNET_PASSWORD = '',
  CHROMIUM = '/usr/bin/chromium',
} = process.env;
const SCREENSHOTS = join(import.meta.dirname, 'screenshots');
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

const reason = existsSync(CHROMIUM) ? whyNotBuilt : `there is no browser at ${CHROMIUM}`;

if (reason) process.stderr.write(`dashboard in the browser: skipped, ${reason}\n`);

describe.skipIf(reason)(`dashboard${reason && ` (skipped: ${reason})`}`, () => {
  let platform: RunningPlatform | null = null;
  let url = PHANTOMNET_URL;
  let password = PHANTOMNET_PASSWORD;
  let profile: string;
  let context: BrowserContext;
  let page: Page;
  /** What the browser complained of since the log-in page. */
  const complaints: string[] = [];

  beforeAll(async () => {
    if (url === '') {
      platform = await startUp();
      ({ url, password } = platform);
      await untilDemoIsOver(platform);
    }
    await mkdir(SCREENSHOTS, { recursive: true });
    profile = await mkdtemp(join(tmpdir(), 'phantomnet-browser-'));
    context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: ARGS,
      baseURL: url,
      viewport: { width: 1440, height: 900 },
      colorScheme: 'dark',
    });
    page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(15_000);
    listen(page, new URL(url).origin, complaints);
    await page.goto('/alerts');
    await signIn(page, password);
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
  });

  afterAll(async () => {
    await context?.close();
    if (profile) await rm(profile, { recursive: true, force: true });
    await platform?.stop();
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

  it('raised no complaint in the console and no request failed', () => {
    expect(complaints).toEqual([]);
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

async function signIn(page: Page, password: string): Promise<void> {
  await page.getByLabel('User name').fill(PHANTOMNET_USER);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

function nav(page: Page) {
  return page.getByRole('navigation', { name: 'Main' });
}

function fileName(link: string): string {
  return link.toLowerCase();
}

/** Everything is loaded and nothing failed. */
async function expectSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => !document.body.textContent?.includes('Loading '));
  expect(await page.getByRole('alert').allTextContents()).toEqual([]);
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

async function untilDemoIsOver(platform: RunningPlatform): Promise<void> {
  const isOver = (said: string) => said.includes('The demo has been replayed');
  const said = await until(60, async () => platform.said(), isOver);
  if (!isOver(said)) throw new Error(`The demo did not end:\n${said}`);
}

/** Triage in a real browser: status and its undo, silencing with a preview, many at once, an attacker's story. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DashboardBrowser,
  expectSettled,
  nav,
  openDashboard,
  whyNoBrowser,
} from './dashboard-browser.ts';

const SCREENSHOTS = join(import.meta.dirname, 'screenshots');

describe.skipIf(whyNoBrowser)(`triage${whyNoBrowser && ` (skipped: ${whyNoBrowser})`}`, () => {
  let browser: DashboardBrowser;
  let page: Page;
  const shot = (name: string) =>
    page.screenshot({ path: join(SCREENSHOTS, `triage-${name}.png`), fullPage: true });
  const rows = () => page.getByRole('table', { name: 'Alerts' }).locator('tbody tr');
  const list = async (query = '') => {
    await page.goto(`/alerts${query}`);
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
    await expectSettled(page);
  };
  const panel = (name: string) => page.getByRole('region', { name });

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    browser = await openDashboard();
    page = browser.page;
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('changes an alert, keeps the record beside it, and takes it back', async () => {
    await list('?alert_type=Port_Scan');
    await rows().first().locator('a').first().click();
    await page.getByRole('button', { name: 'Assign to me' }).click();
    await page.getByRole('button', { name: 'Resolve' }).click();
    const record = panel('Record: who did what');
    await record.getByText('Open to Resolved').waitFor();
    await record.getByLabel('Comment').fill('our own scanner');
    await record.getByRole('button', { name: 'Add comment' }).click();
    await record.getByRole('listitem').filter({ hasText: 'our own scanner' }).waitFor();
    await shot('record');
    const resolved = record.getByRole('listitem').filter({ hasText: /^Open to Resolved/ });
    await resolved.getByRole('button', { name: 'Undo' }).click();
    await record.getByText('Undo: Resolved to Open').waitFor();
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    expect(await record.getByText('Assigned to admin').count()).toBe(1);
  });

  it('shows what silencing would hide before it does, and hides just that', async () => {
    await list('?alert_type=Port_Scan');
    const before = await rows().count();
    await rows().first().locator('a').first().click();
    await page.getByRole('button', { name: 'Silence this' }).click();
    const dialog = page.getByRole('dialog', { name: 'Silence this' });
    const silence = dialog.getByRole('button', { name: 'Silence', exact: true });
    await dialog.getByRole('region', { name: 'Preview' }).waitFor();
    const hidden = Number(
      await dialog
        .getByText('Hidden', { exact: true })
        .locator('xpath=following-sibling::dd')
        .textContent(),
    );
    expect(hidden).toBeGreaterThan(0);
    expect(await silence.isDisabled()).toBe(true);
    await dialog.getByLabel('Reason (kept on record)').fill('load test, ticket 4711');
    await shot('silence');
    await silence.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Suppressed', { exact: true }).waitFor();
    await list('?alert_type=Port_Scan');
    expect(before - (await rows().count())).toBe(hidden);
    await list('?alert_type=Port_Scan&suppressed=only');
    expect(await rows().count()).toBe(hidden);
  });

  it('lists what is silenced and what it hid, and lets it be seen again', async () => {
    await list();
    const shown = await rows().count();
    const row = page
      .getByRole('table', { name: 'Suppressions' })
      .getByRole('row')
      .filter({ hasText: 'load test, ticket 4711' });
    await row.waitFor();
    await shot('suppressions');
    await row.getByRole('button', { name: /^Remove/ }).click();
    await page.getByText('Nothing is suppressed').waitFor();
    await expect.poll(() => rows().count()).toBeGreaterThan(shown);
  });

  it('changes many at once, and takes that back at once', async () => {
    await list('?status=open');
    const open = await rows().count();
    const boxes = page.getByRole('checkbox', { name: /^Select/ });
    for (const index of [0, 1, 2]) await boxes.nth(index).check();
    const bar = panel('Selected alerts');
    await bar.getByRole('button', { name: 'False positive' }).click();
    await bar.getByText('3 alerts changed').waitFor();
    await expect.poll(() => rows().count()).toBe(open - 3);
    await bar.getByRole('button', { name: 'Undo' }).click();
    await bar.getByText('Taken back: 3').waitFor();
    await expect.poll(() => rows().count()).toBe(open);
  });

  it('tells the story of an attacker from the first contact on', async () => {
    await list('?alert_type=Brute_Force');
    await rows().first().locator('a').first().click();
    await page.getByRole('link', { name: 'its story' }).click();
    await page.getByRole('heading', { level: 1, name: /^Story of/ }).waitFor();
    await expectSettled(page);
    const line = page.getByRole('list', { name: 'Time line' });
    await line.getByText('First contact', { exact: true }).waitFor();
    expect(await line.getByRole('link', { name: 'Brute Force' }).count()).toBeGreaterThan(0);
    await shot('story');
    await page.setViewportSize({ width: 400, height: 800 });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    await shot('story-phone');
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it('says what other thresholds would have done before they are saved', async () => {
    await nav(page).getByRole('link', { name: 'Decisions' }).click();
    const save = page.getByRole('button', { name: 'Save thresholds' });
    await page.getByLabel('Block from (0 to 1)').fill('0.99');
    expect(await save.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Preview' }).click();
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview.getByText(/^Not blocked: \d+/).waitFor();
    await shot('policy');
    expect(await save.isEnabled()).toBe(true);
    await page.getByLabel('Block from (0 to 1)').fill('0.98');
    await preview.waitFor({ state: 'detached' });
    expect(await save.isDisabled()).toBe(true);
  });

  it('raised no complaint in the console and no request failed', () => {
    expect(browser.complaints).toEqual([]);
  });
});

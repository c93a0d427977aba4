import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { staticFiles } from './static-files.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'phantomnet-web-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function build(): void {
  mkdirSync(join(root, 'assets'));
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>PhantomNet</title>');
  writeFileSync(join(root, 'assets/main-Ab12.js'), 'console.log(1)');
}

describe('staticFiles', () => {
  it('serves hashed assets for ever and the page afresh, at every address of the dashboard', async () => {
    build();
    const files = staticFiles(root);
    const script = await files.answer('/assets/main-Ab12.js', false);
    expect(script?.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script?.headers.get('cache-control')).toContain('immutable');
    for (const path of ['/', '/alltraffic_page', '/alerts/12']) {
      const page = await files.answer(path, true);
      expect(await page?.text()).toContain('PhantomNet');
      expect(page?.headers.get('cache-control')).toBe('no-cache');
    }
    expect(await files.answer('/alerts/12', false)).toBeNull();
  });

  it.each(['/../package.json', '/assets/../../package.json', '/..%2fpackage.json', '//etc/passwd'])(
    'has no file at %s',
    async (path) => {
      build();
      expect(await staticFiles(root).answer(path, false)).toBeNull();
    },
  );

  it('says what to do where the dashboard is not built, and finds it once it is', async () => {
    const files = staticFiles(root);
    const answer = await files.answer('/', true);
    expect(answer?.status).toBe(503);
    expect(await answer?.text()).toContain('npm run build');
    build();
    expect((await files.answer('/', true))?.status).toBe(200);
  });
});

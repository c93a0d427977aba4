/** Documents say what the code does: the written pages are up to date, and the README names commands that exist. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { docPages } from '../scripts/doc-pages.ts';
import { readConfig } from '../src/app/config.ts';
import { createProgram } from '../src/cli/program.ts';

it.each(Object.entries(docPages()))('%s is as npm run docs writes it', (path, content) => {
  expect(readFileSync(path, 'utf8')).toBe(content);
});

it('config.example.yaml is a configuration, the default one', () => {
  expect(readConfig('config.example.yaml')).toEqual(readConfig(null));
});

it('the README names every command, and none that is not there', () => {
  const commands = createProgram().commands.map((command) => command.name());
  const tableRows = readFileSync('README.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = new Set(
    tableRows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([a-z]+)/g)].map((match) => match[1]),
    ),
  );
  expect([...named].sort()).toEqual(commands.sort());
});

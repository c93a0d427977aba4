/**
 * `npm ci` refuses a lock file that leaves out a platform's optional package, on whatever platform it
 * runs, and so would the first `npm start` of every clone. npm itself leaves them out where the registry
 * it asked does not carry them.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  optionalDependencies?: Record<string, string>;
  cpu?: string[];
  os?: string[];
}

test('the lock file names the optional packages of every platform', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        !(`node_modules/${name}` in packages) &&
        !(`${at === '' ? '' : `${at}/`}node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

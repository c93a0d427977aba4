import { expect, it } from 'vitest';
import { isRightNode } from './right-node.ts';

it.each([
  ['20.20.2', false],
  ['22.12.0', false],
  ['22.17.1', false],
  ['22.18.0', true],
  ['24.0.0', true],
  ['100.0.0', true],
])('Node %s: %s', (version, isRight) => {
  expect(isRightNode(version)).toBe(isRight);
});

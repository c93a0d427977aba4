import { expect, it } from 'vitest';
import { StateReader } from '../state/state-reader.ts';
import { StateWriter } from '../state/state-writer.ts';
import { ContactSketch } from './contact-sketch.ts';

it('knows what was noted, and forgets it after one to two times its memory', () => {
  const sketch = new ContactSketch(1 << 16, 100);
  expect(sketch.note(7, 1_000)).toBe(false);
  expect(sketch.note(7, 1_050)).toBe(true);
  expect(sketch.has(8)).toBe(false);
  sketch.note(9, 1_110);
  expect(sketch.has(7)).toBe(true);
  sketch.note(9, 1_220);
  expect(sketch.has(7)).toBe(false);
  expect(sketch.has(9)).toBe(true);
});

it('forgets everything after a long silence', () => {
  const sketch = new ContactSketch(1 << 16, 100);
  sketch.note(7, 1_000);
  sketch.note(8, 9_000);
  expect(sketch.has(7)).toBe(false);
});

it('goes on from its state', () => {
  const sketch = new ContactSketch(1 << 16, 100);
  sketch.note(7, 1_000);
  const writer = new StateWriter();
  sketch.save(writer);
  const other = new ContactSketch(1 << 16, 100);
  other.load(new StateReader(writer.bytes()));
  expect(other.note(7, 1_199)).toBe(true);
});

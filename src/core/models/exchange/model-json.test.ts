import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseModelJson } from './model-json.ts';

it('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(parseModelJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

it('reads NaN and Infinity where they are no text', () => {
  const named = 'Infinity, "NaN\\';
  const text = `{"NaN": [NaN, -Infinity, Infinity, ${JSON.stringify(named)}], "b": NaN}`;
  expect(parseModelJson(text)).toEqual({ NaN: [null, -Infinity, Infinity, named], b: null });
});

it.each([
  ['cut short', '{"learner": [1, 2', /damaged, or ends too early/],
  ['cut short within a text', '{"learner": "a', /damaged, or ends too early/],
  ['nested as no model is', `{"learner":${'['.repeat(2e6)}`, /nested deeper than 64/],
  ['full of empty lists', `{"learner":[${'[],'.repeat(4e6)}0]}`, /more than 4000000 lists/],
  ['one long text', `"${'\\"'.repeat(5e6)}`, /damaged, or ends too early/],
  ['a text of nothing but escapes', `"${'\\'.repeat(5e6)}`, /damaged, or ends too early/],
])('refuses what is %s', (_, text, message) => {
  expect(() => parseModelJson(text)).toThrow(message);
});

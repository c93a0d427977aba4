import { expect, it } from 'vitest';
import { parseLiveEvent } from './event-stream.ts';

const traffic = { at: '2026-11-21T02:12:45.000Z', packets: 10, malicious: 1, bytes: 900 };

it('reads an event by its type', () => {
  expect(parseLiveEvent('traffic', JSON.stringify(traffic))).toEqual({
    type: 'traffic',
    data: traffic,
  });
});

it('skips what is not JSON, not of its type, or of no known type', () => {
  expect(parseLiveEvent('traffic', '{')).toBeNull();
  expect(parseLiveEvent('alert', JSON.stringify(traffic))).toBeNull();
  expect(parseLiveEvent('weather', JSON.stringify(traffic))).toBeNull();
});

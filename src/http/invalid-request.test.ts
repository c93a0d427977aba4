import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { invalidRequest } from './invalid-request.ts';

function fields(schema: z.ZodType, value: unknown, part: 'query' | 'body' | 'params' = 'body') {
  const { error } = schema.safeParse(value);
  if (!error) throw new Error('the value is valid');
  return invalidRequest(part, error).fields;
}

describe('invalidRequest', () => {
  it('points at fields in the body, the query and the path', () => {
    const schema = z.object({ 'a/b': z.object({ '~c': z.number() }) });
    expect(fields(schema, { 'a/b': { '~c': 'x' } })[0]?.pointer).toBe('#/a~1b/~0c');
    expect(fields(z.object({ limit: z.number() }), {}, 'query')[0]?.pointer).toBe('?limit');
    expect(fields(z.object({ id: z.number() }), {}, 'params')[0]?.pointer).toBe('{id}');
  });

  it('says without a place what is wrong with the whole body', () => {
    const some = z.object({ a: z.number() }).refine(({ a }) => a > 1, { message: 'Too little' });
    const { error } = some.safeParse({ a: 0 });
    expect(error && invalidRequest('body', error).message).toBe('Too little');
  });

  it('names every unknown field', () => {
    const unknown = fields(z.strictObject({}), { a: 1, b: 2 });
    expect(unknown.map(({ pointer }) => pointer)).toEqual(['#/a', '#/b']);
  });

  it('points into the branch of a union that was meant', () => {
    const vector = z.strictObject({ x: z.number() });
    const schema = z.union([vector, z.array(vector)]);
    expect(fields(schema, [{ x: 1 }, { x: 'no' }])[0]?.pointer).toBe('#/1/x');
    expect(fields(schema, { y: 1 }).map(({ pointer }) => pointer)).toEqual(['#/x', '#/y']);
    expect(fields(schema, 7)[0]?.detail).toMatch(/object.*, or .*array/);
  });

  it('says what a union of texts expected', () => {
    const schema = z.object({ ip: z.union([z.ipv4(), z.ipv6()]) });
    expect(fields(schema, { ip: 'x' })).toEqual([
      { pointer: '#/ip', detail: 'Invalid IPv4 address, or Invalid IPv6 address' },
    ]);
  });

  it('names at most 20 of many', () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));
    expect(fields(z.strictObject({}), body)).toHaveLength(20);
  });
});

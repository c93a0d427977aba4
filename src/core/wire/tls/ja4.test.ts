import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../hex-frame.suite.ts';
import { ClientHello } from './client-hello.ts';
import { alpnNames, clientHello, type HelloLists, vector16 } from './hello.suite.ts';
import { type Ja4Transport, ja4Of } from './ja4.ts';

/** The lists of the specification's example. */
const CIPHERS = '1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035';
const EXTENSIONS =
  '001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015';
const SIGNATURES = '0403,0804,0401,0503,0805,0501,0806,0601';
const H2 = '6832';

describe('JA4', () => {
  it('is that of the specification for its example', () => {
    expect(example()).toBe('t13d1516h2_8daaf6152771_e5627efa2ab1');
  });

  it('hashes the extensions alone where there are no signature algorithms', () => {
    expect(example({ signatures: '' })).toBe('t13d1516h2_8daaf6152771_6d807ffa2a79');
  });

  it('leaves out reserved values wherever they stand', () => {
    const ciphers = `0a0a,${CIPHERS},fafa`;
    const extensions = `3a3a,${EXTENSIONS},4a4a`;
    const signatures = `${SIGNATURES},1a1a`;
    expect(example({ ciphers, extensions, signatures })).toBe(example());
  });

  it('depends on the order of the signature algorithms alone', () => {
    const backwards = (list: string) => list.split(',').reverse().join();
    const sorted = { ciphers: backwards(CIPHERS), extensions: backwards(EXTENSIONS) };
    expect(example(sorted)).toBe(example());
    expect(example({ signatures: backwards(SIGNATURES) })).not.toBe(example());
  });

  it.each([
    [0x0304, '13'],
    [0x0303, '12'],
    [0x0302, '11'],
    [0x0301, '10'],
    [0x0300, 's3'],
    [0x0002, 's2'],
    [0xfeff, 'd1'],
    [0xfefd, 'd2'],
    [0xfefc, 'd3'],
    [0x0305, '00'],
  ])('tells version %i as %s', (version, text) => {
    expect(ja4({ version })).toBe(`t${text}i000000_000000000000_000000000000`);
  });

  it('tells a hello without ciphers and extensions by zeros', () => {
    expect(ja4({}, 'q')).toBe('q12i000000_000000000000_000000000000');
  });

  it('takes only reserved versions for none', () => {
    expect(ja4({ extensions: [[0x2b, '021a1a']] }).slice(0, 8)).toBe('t00i0001');
  });

  it('counts to 99', () => {
    const ciphers = Array.from({ length: 120 }, (_, i) => 0xc000 + i);
    expect(ja4({ ciphers }).slice(0, 8)).toBe('t12i9900');
  });

  // From the specification's section on ALPN.
  it.each([
    ['ab', 'ab'],
    ['abcd', 'ad'],
    ['30ab', '3b'],
    ['3031abcd', '3d'],
    ['30abcd31', '01'],
    ['68', 'hh'],
    ['', '00'],
    ['687474702f312e31', 'h1'],
  ])('tells ALPN %s as %s', (name, text) => {
    const extensions = [[0x10, alpnNames(name, H2)]] as const;
    expect(ja4({ extensions }).slice(8, 10)).toBe(text);
  });

  it('has no characters for an empty ALPN list', () => {
    expect(ja4({ extensions: [[0x10, vector16('')]] }).slice(8, 10)).toBe('00');
  });

  it('has its form, whatever the lists', () => {
    const value = fc.integer({ min: 0, max: 0xffff });
    const type = value.filter((t) => ![0x10, 0x2b, 0x0d].includes(t));
    fc.assert(
      fc.property(fc.array(value), fc.array(type), (ciphers, types) => {
        const extensions = types.map((t) => [t, ''] as const);
        expect(ja4({ ciphers, extensions })).toMatch(/^t12[di]\d{4}00_[0-9a-f]{12}_[0-9a-f]{12}$/);
      }),
    );
  });
});

function example(changes: { ciphers?: string; extensions?: string; signatures?: string } = {}) {
  const { ciphers, extensions, signatures } = {
    ...{ ciphers: CIPHERS, extensions: EXTENSIONS, signatures: SIGNATURES },
    ...changes,
  };
  const contents = new Map([
    [0x10, alpnNames(H2, '687474702f312e31')],
    [0x2b, '067a7a03040303'],
    [0x0d, vector16(signatures.replaceAll(',', ''))],
  ]);
  return ja4({
    ciphers: numbers(ciphers),
    extensions: numbers(extensions).map((type) => [type, contents.get(type) ?? ''] as const),
  });
}

function numbers(list: string): number[] {
  return list.split(',').map((word) => Number.parseInt(word, 16));
}

function ja4(lists: HelloLists, transport: Ja4Transport = 't'): string {
  const view = viewOf(clientHello(lists));
  const hello = new ClientHello();
  hello.read(view, 0, view.byteLength);
  expect(hello.isWhole).toBe(true);
  return ja4Of(hello, transport);
}

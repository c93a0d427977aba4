/** What the filter language refuses, and how it says so; what it accepts is compared with tcpdump in test/capture. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../errors.ts';
import { filterProgram } from './filter-program.ts';
import { parseFilter } from './parse-filter.ts';

describe('parseFilter', () => {
  it.each([
    ['', 'it is empty'],
    ['   ', 'it is empty'],
    ['foo', '"foo" at character 1 is no word of the language'],
    ['tcp prot 80', '"prot" at character 5 comes without and or or before it'],
    ['tcp udp', '"udp" at character 5 comes without'],
    ['tcp and', 'its end at character 8 stands where an expression should'],
    ['port', 'its end at character 5 stands where a value should'],
    ['port 70000', '"70000" at character 6 is no port: it takes a number from 0 to 65535'],
    ['port http', '"http" at character 6 is no port'],
    ['portrange 80', '"80" at character 11 is no range'],
    ['portrange 80-x', '"x" at character 14 is no port'],
    ['host 300.1.1.1', '"300.1.1.1" at character 6 is no IP address'],
    ['host example.org', 'names are not looked up'],
    ['net 10.0.0.1/8', 'it has bits set below its prefix of 8'],
    ['net 10.0.0.0/33', '"33" at character 14 is no prefix length: it takes a number from 0 to 32'],
    ['ip6 host 10.0.0.1', '"10.0.0.1" at character 10 is no address that ip6 has'],
    ['tcp host 10.0.0.1', '"tcp" at character 1 does not go with host'],
    ['icmp port 7', '"icmp" at character 1 does not go with port'],
    ['src proto 6', '"proto" at character 5 takes neither src nor dst'],
    ['ether host 10.0.0.1', 'is no Ethernet address as in'],
    ['ether', '"ether" at character 1 needs host, proto, src or dst after it'],
    ['ether proto 4', 'is no Ethernet type: it takes a number from 1536 to 65535'],
    ['vlan 4096', '"4096" at character 6 is no VLAN id'],
    ['(tcp', '")" should: "(" at character 1 is open'],
    ['tcp)', '")" at character 4 closes nothing'],
    ['tcp & udp', '"&" at character 5 is no sign of the language'],
    ['tcp or 80', '"80" at character 8 is no word of the language'],
    [`${'('.repeat(100)}tcp${')'.repeat(100)}`, '"(" at character 66 is nested deeper than 64'],
    [`${'not '.repeat(100)}tcp`, 'is nested deeper than 64'],
    ['tcp or '.repeat(3000), 'characters, more than 16384'],
  ])('refuses %j', (expression, message) => {
    let error: unknown = null;
    try {
      parseFilter(expression);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('usage');
    expect((error as AppError).message).toContain(message);
  });

  it('reads the signs as the words they stand for', () => {
    expect(parseFilter('!tcp&&(udp||arp)')).toEqual(parseFilter('not tcp and (udp or arp)'));
  });

  it('gives a value alone the qualifiers of the one before it', () => {
    expect(parseFilter('tcp dst port 80 or 443')).toEqual(
      parseFilter('tcp dst port 80 or tcp dst port 443'),
    );
  });

  it('fails with an AppError or not at all, whatever is written', () => {
    const words =
      'ip ip6 arp tcp udp icmp sctp ether src dst host net port portrange proto vlan less greater and or not ( ) ! && || 80 1-2 10.0.0.1 10.0.0.0/8 ::1 2001:db8::/32 02:00:00:00:00:01 0x800 -1 99999';
    const expression = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom(...words.split(' ')), { maxLength: 40 })
        .map((some) => some.join(' ')),
    );
    let accepted = 0;
    fc.assert(
      fc.property(expression, (text) => {
        try {
          const program = filterProgram(parseFilter(text));
          accepted++;
          for (const [index, [code, jt, jf, k]] of program.entries()) {
            const isJump = (code & 7) === 5;
            const farthest = index + 1 + (code === 0x05 ? k : Math.max(jt, jf));
            if (isJump) expect(farthest).toBeLessThan(program.length);
            for (const distance of [jt, jf]) expect(distance).toBeLessThan(256);
          }
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
        }
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

import { describe, expect, it } from 'vitest';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { dns } from './dns.ts';
import { llmnr } from './llmnr.ts';
import { mdns } from './mdns.ts';

const EXAMPLE_COM = `07 ${ascii('example')} 03 ${ascii('com')} 00`;
const QUESTION = `${EXAMPLE_COM} 0001 0001`;
const QUERY = `1234 0100 0001 0000 0000 0000 ${QUESTION}`;
const A = 'c00c 0001 0001 0000012c 0004 c0000201';
const ANSWER = `1234 8180 0001 0001 0000 0000 ${QUESTION} ${A}`;

/** A response to `example.com A` with one answer of `type`. */
function answerOf(type: string, data: string): string {
  const length = hex16(bytesOf(data).length);
  return `1234 8180 0001 0001 0000 0000 ${QUESTION} c00c ${type} 0001 0000003c ${length} ${data}`;
}

function answersIn(hex: string): unknown {
  const { detail, anomaly } = readPayload(dns, hex);
  expect(anomaly).toBe(null);
  return (detail as { answers: unknown }).answers;
}

describe('DNS', () => {
  it('fills the columns', () => {
    const { batch, answer } = readPayload(dns, ANSWER);
    expect(answer).toBe(READ);
    expect([batch.dnsQuery[0], batch.dnsResponse[0]]).toEqual([0, 1]);
    expect([batch.dnsQname.get(0), batch.dnsQtype[0]]).toEqual(['example.com', 1]);
    expect([batch.dnsAnswerCount[0], batch.dnsAnswerSize[0]]).toEqual([1, bytesOf(ANSWER).length]);
  });

  it('tells id, flags and response code', () => {
    expect(readPayload(dns, QUERY).detail).toEqual({ id: 0x1234, flags: 'RD' });
    const refused = '1234 8585 0001 0000 0000 0000';
    expect(readPayload(dns, `${refused} ${QUESTION}`).detail).toEqual({
      id: 0x1234,
      flags: 'AA RD RA',
      rcode: 'REFUSED',
    });
  });

  it('leaves out the name that is the question’s', () => {
    expect(answersIn(ANSWER)).toEqual([{ type: 'A', ttl: 300, data: '192.0.2.1' }]);
  });

  it('follows a chain of names', () => {
    const cname = `c00c 0005 0001 00000001 0006 03 ${ascii('www')} c00c`;
    const hex = `1234 8180 0001 0002 0000 0000 ${QUESTION} ${cname} c029 0001 0001 00000002 0004 c0000202`;
    expect(answersIn(hex)).toEqual([
      { type: 'CNAME', ttl: 1, data: 'www.example.com' },
      { name: 'www.example.com', type: 'A', ttl: 2, data: '192.0.2.2' },
    ]);
  });

  it.each([
    ['AAAA', '001c', '20010db8000000000000000000000001', '2001:db8::1'],
    ['NS', '0002', `02 ${ascii('ns')} c00c`, 'ns.example.com'],
    ['PTR', '000c', 'c00c', 'example.com'],
    ['MX', '000f', `000a 04 ${ascii('mail')} c00c`, '10 mail.example.com'],
    ['MX', '000f', '0000 00', '0 .'],
    ['SRV', '0021', `0000 0005 13c4 03 ${ascii('sip')} c00c`, '0 5 5060 sip.example.com'],
    [
      'SOA',
      '0006',
      `02 ${ascii('ns')} c00c 01 61 c00c 00000001 00000002 00000003 00000004 ffffffff`,
      'ns.example.com a.example.com 1 2 3 4 4294967295',
    ],
    ['TXT', '0010', `02 ${ascii('ab')} 01 63`, '"ab" "c"'],
    ['TXT', '0010', '05 225c00ff 61', String.raw`"\"\\\000\255a"`],
    ['CAA', '0101', `00 05 ${ascii('issue')} ${ascii('ca.example')}`, '0 issue "ca.example"'],
    ['URI', '0100', `0001 0002 ${ascii('ftp://x')}`, '1 2 "ftp://x"'],
    [
      'NAPTR',
      '0023',
      `0001 0002 01 ${ascii('u')} 03 ${ascii('sip')} 02 ${ascii('!!')} 00`,
      '1 2 "u" "sip" "!!" .',
    ],
    [
      'HTTPS',
      '0041',
      `0001 00 0001 0006 02 ${ascii('h3')} 02 ${ascii('h2')} 0003 0002 20fb 0004 0004 c0000201 0006 0010 20010db8000000000000000000000001`,
      '1 . alpn=h3,h2 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1',
    ],
  ])('reads %s records', (type, number, data, text) => {
    expect(answersIn(answerOf(number, data))).toEqual([{ type, ttl: 60, data: text }]);
  });

  it.each([
    ['NULL', '000a', '0102030405', { length: 5 }],
    ['TYPE65280', 'ff00', '', { length: 0 }],
    ['DNSKEY', '0030', '0101 03 08 aabbcc', { data: '257 3 8', length: 7 }],
    ['DS', '002b', '1234 08 02 aabb', { data: '4660 8 2', length: 6 }],
    ['TLSA', '0034', '03 01 01 aabb', { data: '3 1 1', length: 5 }],
    [
      'RRSIG',
      '002e',
      '0001 08 02 0000003c 00000005 00000004 0102 c00c aabb',
      { data: 'A 8 2 60 5 4 258 example.com', length: 22 },
    ],
    ['HTTPS', '0041', '0001 00 0005 0003 aabbcc', { data: '1 . ech', length: 10 }],
  ])('tells the length of what it does not spell: %s', (type, number, data, told) => {
    expect(answersIn(answerOf(number, data))).toEqual([{ type, ttl: 60, ...told }]);
  });

  it('reads EDNS with client subnet and the upper bits of the response code', () => {
    const opt = '00 0029 04d0 01008000 000f 0008 0007 0001 18 10 c00002 000a 0000';
    const hex = `1234 8180 0001 0000 0000 0001 ${QUESTION} ${opt}`;
    expect(readPayload(dns, hex)).toMatchObject({
      anomaly: null,
      detail: {
        id: 0x1234,
        flags: 'RD RA',
        rcode: 'BADVERS',
        edns: {
          udp: 1232,
          version: 0,
          do: true,
          options: [8, 10],
          subnet: '192.0.2.0/24',
          scope: 16,
        },
      },
    });
  });

  it('reads all sections, and other classes than IN', () => {
    const chaos = `1234 8500 0001 0001 0001 0000 ${EXAMPLE_COM} 0010 0003`;
    const hex = `${chaos} c00c 0010 0003 00000000 0002 01 39 c00c 0002 0003 00000000 0002 c00c`;
    expect(readPayload(dns, hex).detail).toMatchObject({
      questions: [{ name: 'example.com', type: 'TXT', class: 'CH' }],
      answers: [{ type: 'TXT', class: 'CH', ttl: 0, data: '"9"' }],
      authorities: [{ type: 'NS', class: 'CH', ttl: 0, data: 'example.com' }],
    });
  });

  it.each([
    ['an address of five bytes', answerOf('0001', 'c000020100')],
    ['a name that ends before its data', answerOf('0005', 'c00c00')],
    ['a string beyond its data', answerOf('0010', '0561')],
    ['a pointer forward', answerOf('0005', 'c0ff')],
    ['fewer records than announced', ANSWER.replace('8180 0001 0001', '8180 0001 0002')],
    ['data beyond the message', ANSWER.replace('0004 c0000201', '0005 c0000201')],
    [
      'two OPT records',
      QUERY.replace('0000 0000 0000', '0000 0000 0002') + ' 00 0029 04d0 00000000 0000'.repeat(2),
    ],
    [
      'an option beyond its record',
      `${QUERY.replace('0000 0000 0000', '0000 0000 0001')} 00 0029 04d0 00000000 0004 0008 0001`,
    ],
  ])('names %s', (_, hex) => {
    expect(readPayload(dns, hex).anomaly).toBe('dns_bad_record');
  });

  it('does not name what the capture or the sender cut', () => {
    expect(readPayload(dns, ANSWER, { cutBytes: 5 })).toMatchObject({
      anomaly: null,
      detail: { cut: true },
    });
    const truncated = ANSWER.replace('8180 0001 0001', '8380 0001 0002');
    expect(readPayload(dns, truncated)).toMatchObject({ anomaly: null, detail: { cut: true } });
  });

  it('takes the deletions of an update, which have no data', () => {
    const hex = `1234 2800 0001 0000 0001 0000 ${QUESTION} c00c 0001 00ff 00000000 0000`;
    expect(readPayload(dns, hex)).toMatchObject({
      anomaly: null,
      detail: {
        opcode: 'UPDATE',
        authorities: [{ type: 'A', ttl: 0, class: 'ANY', length: 0 }],
      },
    });
  });

  it('leaves out records beyond the longest text, and still reads EDNS behind them', () => {
    const name = `3f ${'22'.repeat(63)} 00`;
    const record = `${name} 0001 0001 00000000 0004 c0000201`;
    const opt = '00 0029 04d0 00000000 0000';
    const hex = `1234 8180 0000 0064 0000 0001 ${record.repeat(100)} ${opt}`;
    const { detail, anomaly } = readPayload(dns, hex);
    const { answers } = detail as { answers: unknown[] };
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.length).toBeLessThan(100);
    expect(detail).toMatchObject({ edns: { udp: 1232, version: 0 }, cut: true });
    expect(anomaly).toBe(null);
  });

  it('names a message that is none', () => {
    expect(readPayload(dns, '1234').anomaly).toBe('dns_malformed');
  });
});

describe('DNS over TCP', () => {
  const first = framed(ANSWER);
  const second = framed(ANSWER.replace('1234', '5678'));
  const firstBytes = bytesOf(first).length;
  const tcp = { transport: 'tcp', isLast: false } as const;

  it('reads a message behind its length', () => {
    const { answer, batch, detail } = readPayload(dns, first, tcp);
    expect([answer, batch.dnsAnswerSize[0]]).toEqual([READ, firstBytes - 2]);
    expect(detail).toMatchObject({ id: 0x1234 });
  });

  it('asks for the rest of a message and tells nothing before', () => {
    const { answer, detail, batch } = readPayload(dns, bytesOf(first).subarray(0, 20), tcp);
    expect([answer, detail, batch.dnsQuery[0]]).toEqual([firstBytes, null, -1]);
  });

  it('tells what is there when no more will come', () => {
    const part = bytesOf(first).subarray(0, 40);
    const { answer, batch, anomaly, detail } = readPayload(dns, part, { ...tcp, isLast: true });
    expect([answer, batch.dnsAnswerSize[0], anomaly]).toEqual([READ, firstBytes - 2, null]);
    expect(detail).toMatchObject({ cut: true });
  });

  it('tells the first of several messages, and goes on with the one that is not whole', () => {
    const both = bytesOf(first + second);
    expect(readPayload(dns, both, tcp)).toMatchObject({ answer: READ, detail: { id: 0x1234 } });
    const part = readPayload(dns, both.subarray(0, firstBytes + 10), tcp);
    expect(part).toMatchObject({ answer: 2 * firstBytes, detail: { id: 0x1234 } });
    const rest = readPayload(dns, both, { ...tcp, readBefore: firstBytes + 10 });
    expect(rest).toMatchObject({ answer: READ, detail: { id: 0x5678 } });
  });

  it('does not take a keep-alive probe for the beginning of a message', () => {
    expect(readPayload(dns, '00', { ...tcp, isLast: true }).answer).toBe(NOT_MINE);
    const after = readPayload(dns, `00 0023 ${QUERY}`, { ...tcp, readBefore: 1 });
    expect(after.answer).toBe(NOT_MINE);
  });
});

describe('mDNS and LLMNR', () => {
  it('reads the highest bit of an mDNS class as no part of it', () => {
    const hex = `0000 8400 0000 0001 0000 0000 ${EXAMPLE_COM} 0001 8001 00000078 0004 c0000201`;
    expect(readPayload(mdns, hex).detail).toEqual({
      id: 0,
      flags: 'AA',
      rcode: 'NOERROR',
      answers: [{ name: 'example.com', type: 'A', ttl: 120, data: '192.0.2.1' }],
    });
  });

  it('tells all questions where there are several', () => {
    const hex = `0000 0000 0002 0000 0000 0000 ${QUESTION} c00c 001c 8001`;
    expect(readPayload(mdns, hex).detail).toEqual({
      id: 0,
      questions: [
        { name: 'example.com', type: 'A' },
        { name: 'example.com', type: 'AAAA' },
      ],
    });
  });

  it('names LLMNR’s flags by its own RFC', () => {
    expect(readPayload(llmnr, ANSWER.replace('8180', '8500')).detail).toMatchObject({
      flags: 'C T',
    });
  });
});

appReaderSuite(dns, [
  QUERY,
  ANSWER,
  answerOf('0041', `0001 00 0001 0003 02 ${ascii('h3')} 0006 0010 ${'20'.repeat(16)}`),
  answerOf('0006', `02 ${ascii('ns')} c00c 01 61 c00c ${'00000001'.repeat(5)}`),
  `1234 8180 0001 0000 0000 0001 ${QUESTION} 00 0029 04d0 01008000 000b 0008 0007 0001 18 10 c00002`,
]);
appReaderSuite(dns, [framed(ANSWER), framed(ANSWER) + framed(QUERY)], { transport: 'tcp' });
appReaderSuite(mdns, [ANSWER]);
appReaderSuite(llmnr, [ANSWER]);

function framed(message: string): string {
  return `${hex16(bytesOf(message).length)} ${message}`;
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

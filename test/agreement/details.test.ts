/**
 * Agreement of `app_detail` with tshark: DNS sections and EDNS, DHCP, NTP, TFTP, SNMP, SMB, RDP.
 *
 * The usual run takes captures whose name says one of these protocols: of the common ones every third, of none the largest;
 * `PHANTOMNET_AGREEMENT=all` takes all captures. Either prints how many values agree.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ComparedFact, compareDetails } from './details.ts';
import { hasTshark } from './tshark.ts';

const DATA = resolve('../shared/data');
const FOLDER = `${DATA}/decode`;
const WORKERS = 2;
const NAMES = /dns|dhcp|ntp|tftp|rdp|smb|snmp/i;
/** Of these there are few: always taken. */
const RARE = /dhcp|tftp|rdp|snmp|ecs/i;
const SAMPLE_STEP = 3;
const MAX_SAMPLE_PACKETS = 1500;
const isAll = process.env.PHANTOMNET_AGREEMENT === 'all';
const missing = await whatIsMissing();

interface KnownDifference {
  readonly reason: string;
  readonly covers: (fact: ComparedFact) => boolean;
}

const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: 'a client subnet with a prefix longer than its address (RFC 7871 §6) is dns_bad_record',
    covers: ({ fact, file }) => fact === 'EDNS client subnet' && file.endsWith('ecs-weirds.pcap'),
  },
  {
    reason: 'the stratum inside an answer to a private request is that of a peer',
    covers: ({ fact, file }) => fact === 'NTP stratum' && file.endsWith('ntp-mode7.pcap'),
  },
  {
    reason: 'a message of less than a DNS header (12 bytes) by the length of its IP packet',
    covers: ({ fact, file }) => fact === 'DNS id' && file.endsWith('rtp-seg-fault-1.pcapng'),
  },
  {
    reason: 'NTP of the reserved mode 0 is taken for something else',
    covers: ({ fact, file, ours }) =>
      fact.startsWith('NTP') && ours === null && file.endsWith('ipv4/fragmented-1.pcap'),
  },
];

describe.skipIf(missing !== undefined)(
  `agreement of details with tshark${missing ? ` (${missing})` : ''}`,
  () => {
    const facts: ComparedFact[] = [];

    beforeAll(async () => {
      const queue = captures().values();
      const work = async () => {
        for (const file of queue) facts.push(...(await compareDetails(FOLDER, file)));
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
      process.stderr.write(summary(facts));
    }, 3_600_000);

    it.each([
      ['DNS A', 40],
      ['DNS CNAME', 8],
      ['DNS TTL', 250],
      ['DNS response code', 250],
      ['EDNS size', 100],
      ['DHCP host name', 5],
      ['NTP mode', 50],
      ['SMB 2 command', 500],
      ['RDP user', 2],
      ['SNMP version', 5],
    ])('compares %s, not nothing', (name, least) => {
      expect(facts.filter(({ fact }) => fact === name).length).toBeGreaterThanOrEqual(least);
    });

    it('differs only where it is said why', () => {
      const unlisted = facts.filter(
        (fact) =>
          fact.ours !== fact.theirs && !KNOWN_DIFFERENCES.some(({ covers }) => covers(fact)),
      );
      expect(unlisted.slice(0, 20)).toEqual([]);
    });
  },
);

async function whatIsMissing(): Promise<string | undefined> {
  if (!existsSync(`${DATA}/manifest.csv`)) return 'skipped: no captures under ../shared/data';
  return (await hasTshark()) ? undefined : 'skipped: tshark is not installed';
}

function captures(): string[] {
  return readFileSync(`${DATA}/manifest.csv`, 'utf8')
    .split('\n')
    .map((line) => line.split(','))
    .filter(([path = '']) => path.startsWith('decode/'))
    .filter(
      ([path = '', , packets]) =>
        isAll || (NAMES.test(path) && Number(packets) <= MAX_SAMPLE_PACKETS),
    )
    .filter(([path = ''], i) => isAll || RARE.test(path) || i % SAMPLE_STEP === 0)
    .map(([path = '']) => path.slice('decode/'.length));
}

function summary(facts: readonly ComparedFact[]): string {
  const names = [...new Set(facts.map(({ fact }) => fact))].sort();
  const lines = names.map((name) => {
    const all = facts.filter(({ fact }) => fact === name);
    const equal = all.filter(({ ours, theirs }) => ours === theirs);
    return `  ${equal.length} of ${all.length}\t${name}\n`;
  });
  return `values that agree\n${lines.join('')}`;
}

/**
 * Agreement with tshark on each of the 33 columns, over the published captures.
 *
 * The usual run takes every 12th capture and a fixed list of the odd ones; `PHANTOMNET_AGREEMENT=all` takes
 * all of them, prints a summary, and holds the counts in `differences.ts` to the number.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareCapture, type Difference } from './compare.ts';
import { KNOWN_DIFFERENCES } from './differences.ts';
import { COMPARED_COLUMNS } from './expected.ts';
import { hasTshark } from './tshark.ts';

const DATA = resolve('../shared/data');
const FOLDER = `${DATA}/decode`;
const SAMPLE_STEP = 12;
const WORKERS = 2;

/** Captures of the sample run whatever the step: link types, tunnels and malformations one by one. */
const ALWAYS = [
  'arkime/tests/pcap/80211http.pcap',
  'community-id/pcaps/icmp6.pcap',
  'gopacket/pcapgo/tests/le/test201.pcapng',
  'mmt-security/check/pcap/21.ip_frag_off.pcap',
  'ndpi/tests/cfgs/default/pcap/fuzz-2006-06-26-2594.pcap',
  'tcpdump/tests/LINKTYPE_IPV6_invalid.pcap',
  'zeek/testing/btest/Traces/cisco-fabric-path.pcap',
  'zeek/testing/btest/Traces/http/methods.pcap',
  'zeek/testing/btest/Traces/trunc/mpls-6in6-broken.pcap.gz',
];

const isAll = process.env.PHANTOMNET_AGREEMENT === 'all';
const missing = await whatIsMissing();

describe.skipIf(missing !== undefined)(
  `agreement with tshark${missing ? ` (${missing})` : ''}`,
  () => {
    const differences: Difference[] = [];
    const skipped = new Map<string, string>();
    let packets = 0;
    let files: string[] = [];

    beforeAll(async () => {
      files = captures();
      const queue = files.values();
      const work = async () => {
        for (const file of queue) {
          const result = await compareCapture(FOLDER, file);
          packets += result.packets;
          differences.push(...result.differences);
          if (result.skipped !== undefined) skipped.set(file, result.skipped);
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, work));
      if (isAll) process.stderr.write(summary(files.length, packets, differences));
    }, 3_600_000);

    it('compares packets, not nothing', () => {
      expect(packets).toBeGreaterThan(10_000);
    });

    it('skips a capture only for a link type that we do not decode', () => {
      const others = [...skipped].filter(([, why]) => !why.startsWith('link type'));
      expect(others).toEqual([]);
    });

    it('differs only where the table of differences says why', () => {
      const unlisted = differences.filter((difference) => explanationOf(difference) === undefined);
      expect(unlisted.slice(0, 20).map(describeDifference)).toEqual([]);
    });

    it.runIf(isAll)('differs as often as the table says', () => {
      const counts = KNOWN_DIFFERENCES.map(({ reason }) => [reason, countOf(reason, differences)]);
      expect(counts).toEqual(KNOWN_DIFFERENCES.map(({ reason, count }) => [reason, count]));
    });
  },
);

async function whatIsMissing(): Promise<string | undefined> {
  if (!existsSync(`${DATA}/manifest.csv`)) return 'skipped: no captures under ../shared/data';
  return (await hasTshark()) ? undefined : 'skipped: tshark is not installed';
}

function captures(): string[] {
  const all = readFileSync(`${DATA}/manifest.csv`, 'utf8')
    .split('\n')
    .map((line) => line.split(',')[0] ?? '')
    .filter((path) => path.startsWith('decode/'))
    .map((path) => path.slice('decode/'.length));
  if (isAll) return all;
  return [...new Set([...all.filter((_, i) => i % SAMPLE_STEP === 0), ...ALWAYS])];
}

function explanationOf(difference: Difference): string | undefined {
  return KNOWN_DIFFERENCES.find(({ covers }) => covers(difference))?.reason;
}

function countOf(reason: string, differences: readonly Difference[]): number {
  return differences.filter((difference) => explanationOf(difference) === reason).length;
}

function describeDifference({ file, packet, column, ours, theirs, protocols }: Difference): string {
  return `${file} #${packet} ${column}: ours ${ours}, tshark ${theirs} (${protocols})`;
}

function summary(files: number, packets: number, differences: readonly Difference[]): string {
  const columns = COMPARED_COLUMNS.map(
    (name) => `  ${differences.filter(({ column }) => column === name).length}\t${name}`,
  );
  const reasons = KNOWN_DIFFERENCES.map(
    ({ reason }) => `  ${countOf(reason, differences)}\t${reason}`,
  );
  return `${files} captures, ${packets} packets, ${differences.length} values differ\n${[...columns, ...reasons].join('\n')}\n`;
}

/**
 * Agreement with tshark on each of the 33 columns, over the published captures.
 *
 * The usual run takes every 12th capture and a fixed list of the odd ones; `PHANTOMNET_AGREEMENT=all` takes
 * all of them and holds the counts in `differences.ts` to the number. `report.ts` prints the whole as a page.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AgreementRun,
  allCaptures,
  compareAll,
  describeDifference,
  explained,
  explanationOf,
  whatIsMissing,
} from './agreement-run.ts';

const SAMPLE_STEP = 12;

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
    let run: AgreementRun;

    beforeAll(async () => {
      run = await compareAll(captures());
    }, 3_600_000);

    it('compares packets, not nothing', () => {
      expect(run.packets).toBeGreaterThan(10_000);
    });

    it('skips a capture only for a link type that we do not decode', () => {
      const others = [...run.skipped].filter(([, why]) => !why.startsWith('link type'));
      expect(others).toEqual([]);
    });

    it('differs only where the table of differences says why', () => {
      const unlisted = run.differences.filter((each) => explanationOf(each) === undefined);
      expect(unlisted.slice(0, 20).map(describeDifference)).toEqual([]);
    });

    it.runIf(isAll)('differs as often as the table says', () => {
      const counts = [...explained(run.differences)].map(([{ reason }, count]) => [reason, count]);
      const listed = [...explained(run.differences).keys()].map(({ reason, count }) => [
        reason,
        count,
      ]);
      expect(counts).toEqual(listed);
    });
  },
);

function captures(): string[] {
  const all = allCaptures();
  if (isAll) return all;
  return [...new Set([...all.filter((_, i) => i % SAMPLE_STEP === 0), ...ALWAYS])];
}

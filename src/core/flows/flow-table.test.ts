import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlowRecord } from '../../contract/flow.ts';
import { AppEvent } from '../../contract/packet-batch.ts';
import { FlowColumns } from './flow-columns.ts';
import { FlowTable, type FlowTableOptions } from './flow-table.ts';
import { batchOf, type HandPacket } from './packet-rows.suite.ts';

const CLIENT = '10.0.0.1';
const SERVER = '192.0.2.80';

/** From the client `c` or the server `s`, times counted up by 10 ms. */
function talk(
  lines: readonly (Partial<HandPacket> & { from: 'c' | 's' })[],
  ports = { client: 40_000, server: 80 },
): HandPacket[] {
  return lines.map(({ from, ...packet }, index) => ({
    t: 1000 + index / 100,
    src: from === 'c' ? CLIENT : SERVER,
    dst: from === 'c' ? SERVER : CLIENT,
    sport: from === 'c' ? ports.client : ports.server,
    dport: from === 'c' ? ports.server : ports.client,
    ...packet,
  }));
}

const SYN = { from: 'c', flags: 'S', seq: 100 } as const;
const SYN_ACK = { from: 's', flags: 'SA', seq: 500, ack: 101 } as const;
const ACK = { from: 'c', flags: 'A', seq: 101, ack: 501 } as const;
const REQUEST = { from: 'c', flags: 'PA', seq: 101, ack: 501, len: 10 } as const;
const ANSWER = { from: 's', flags: 'PA', seq: 501, ack: 111, len: 20 } as const;
const FIN = { from: 'c', flags: 'FA', seq: 111, ack: 521 } as const;
const FIN_BACK = { from: 's', flags: 'FA', seq: 521, ack: 112 } as const;

function run(packets: readonly HandPacket[], options: Partial<FlowTableOptions> = {}) {
  const flows: FlowRecord[] = [];
  const table = new FlowTable({ sensorId: 's', onEnd: (flow) => flows.push(flow), ...options });
  const batch = batchOf(packets);
  for (let row = 0; row < batch.length; row++) table.observe(batch, row);
  table.flush();
  return { flows, table };
}

function states(packets: readonly HandPacket[]): string[] {
  return run(packets).flows.map((flow) => `${flow.connState} ${flow.history}`);
}

describe('conn_state and history', () => {
  it.each([
    ['an ordinary connection', [SYN, SYN_ACK, ACK, REQUEST, ANSWER, FIN, FIN_BACK], 'SF ShADdFf'],
    ['no answer', [SYN], 'S0 S'],
    ['refused', [SYN, { from: 's', flags: 'RA', seq: 0, ack: 101 }], 'REJ Sr'],
    ['open', [SYN, SYN_ACK, ACK], 'S1 ShA'],
    [
      'aborted by the originator',
      [SYN, SYN_ACK, ACK, { from: 'c', flags: 'R', seq: 101 }],
      'RSTO ShAR',
    ],
    [
      'aborted by the responder',
      [SYN, SYN_ACK, ACK, { from: 's', flags: 'R', seq: 501 }],
      'RSTR ShAr',
    ],
    ['half-open scan', [SYN, SYN_ACK, { from: 'c', flags: 'R', seq: 101 }], 'RSTO ShR'],
    ['SYN, then RST', [SYN, { from: 'c', flags: 'R', seq: 101 }], 'RSTOS0 SR'],
    ['SYN, then FIN', [SYN, { from: 'c', flags: 'F', seq: 101 }], 'SH SF'],
    [
      'closed by the originator alone',
      [SYN, SYN_ACK, ACK, { ...FIN, seq: 101, ack: 501 }],
      'S2 ShAF',
    ],
    [
      'closed by the responder alone',
      [SYN, SYN_ACK, ACK, { ...FIN_BACK, seq: 501, ack: 101 }],
      'S3 ShAf',
    ],
    ['FIN and RST in one', [{ from: 'c', flags: 'FR', seq: 1 }], 'OTH I'],
    ['SYN and FIN in one', [{ from: 'c', flags: 'SF', seq: 1 }], 'SH Q'],
    ['a segment sent twice', [SYN, SYN_ACK, ACK, REQUEST, REQUEST, ANSWER], 'S1 ShADTd'],
    [
      'a closed window',
      [SYN, SYN_ACK, ACK, REQUEST, { ...ANSWER, len: 0, window: 0 }],
      'S1 ShADaw',
    ],
    [
      'bytes that were acknowledged but not seen',
      [SYN, SYN_ACK, ACK, REQUEST, { ...ANSWER, ack: 2000 }],
      'S1 ShADdG',
    ],
  ] as const)('%s', (_, lines, expected) => {
    expect(states(talk(lines))).toEqual([expected]);
  });

  it('writes T at the 1st, 10th and 100th retransmission', () => {
    const again = Array.from({ length: 100 }, () => REQUEST);
    expect(states(talk([SYN, SYN_ACK, ACK, REQUEST, ...again]))).toEqual(['S1 ShADTTT']);
  });

  it('sees a new SYN after a close as a new connection, a late ACK as part of the old one', () => {
    const closed = [
      SYN,
      SYN_ACK,
      ACK,
      { ...FIN, seq: 101, ack: 501 },
      { ...FIN_BACK, seq: 501, ack: 102 },
    ];
    const last = { from: 'c', flags: 'A', seq: 102, ack: 502 } as const;
    expect(states(talk([...closed, last, { ...SYN, seq: 9000 }]))).toEqual(['SF ShAFf', 'S0 S']);
  });
});

describe('the originator', () => {
  it('is who sends the first SYN, though the SYN-ACK was captured before it', () => {
    const { flows } = run(talk([SYN_ACK, SYN, ACK], { client: 40_000, server: 9999 }));
    expect(flows[0]).toMatchObject({ srcIp: CLIENT, dstPort: 9999 });
  });

  it('is the other side where only the sender has a server port and there is no SYN', () => {
    const { flows } = run(talk([ANSWER, REQUEST]));
    expect(flows[0]).toMatchObject({ srcIp: CLIENT, dstPort: 80, history: '^dD' });
  });

  it('is the sender of the first packet otherwise', () => {
    const { flows } = run(talk([ANSWER, REQUEST], { client: 40_000, server: 9999 }));
    expect(flows[0]).toMatchObject({ srcIp: SERVER, srcPort: 9999 });
  });

  it('is who speaks as a client does', () => {
    const request = { ...REQUEST, events: AppEvent.HTTP_REQUEST };
    const { flows } = run(talk([ANSWER, request], { client: 40_000, server: 9999 }));
    expect(flows[0]).toMatchObject({ srcIp: CLIENT, history: '^dD', packetsFwd: 1, bytesBwd: 74 });
  });
});

describe('a handshake', () => {
  it('validates the originator when the right number is acknowledged', () => {
    const [flow] = run(talk([SYN, SYN_ACK, ACK])).flows;
    expect(flow).toMatchObject({ isValidated: true, handshakeMicros: 20_000 });
  });

  it('does not when a blind ACK follows', () => {
    const [flow] = run(talk([SYN, SYN_ACK, { ...ACK, ack: 77 }])).flows;
    expect(flow).toMatchObject({ isValidated: false, handshakeMicros: null });
  });

  it('believes no handshake inside a tunnel: one sender can forge both directions', () => {
    const packets = talk([SYN, SYN_ACK, ACK, REQUEST]).map((packet) => ({
      ...packet,
      outer: '203.0.113.9',
    }));
    const table = new FlowTable({ sensorId: 's', onEnd: () => {} });
    const batch = batchOf(packets);
    const proofs = packets.map((_, row) => {
      const slot = table.observe(batch, row);
      return [table.justValidated, table.isProven, table.isValidated(slot)];
    });
    expect(proofs.flat()).not.toContain(true);
    expect(table.openedAt(0)).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('keeps a conversation in a tunnel apart from one with the same addresses outside', () => {
    const inside = talk([SYN, SYN_ACK, ACK]).map((packet) => ({ ...packet, outer: '203.0.113.9' }));
    const outside = talk([SYN]);
    const { flows } = run([...inside, ...outside]);
    expect(flows.map(({ connState, isValidated }) => [connState, isValidated])).toEqual([
      ['S1', false],
      ['S0', false],
    ]);
  });

  it('is not seen in mid-stream', () => {
    expect(run(talk([REQUEST, ANSWER])).flows[0]).toMatchObject({ isValidated: false });
  });
});

describe('measurements', () => {
  it('counts packets, bytes, lengths and gaps per side', () => {
    const packets = talk([SYN, SYN_ACK, ACK, REQUEST, ANSWER]);
    const [flow] = run(packets).flows;
    expect(flow).toMatchObject({
      packetsFwd: 3,
      packetsBwd: 2,
      bytesFwd: 54 + 54 + 64,
      bytesBwd: 54 + 74,
      payloadFwd: 10,
      payloadBwd: 20,
      lengthBwd: { mean: 64, std: 10, min: 54, max: 74 },
      gapFwd: { mean: 15_000, std: 5000, min: 10_000, max: 20_000 },
      gapBwd: { mean: 30_000, std: 0, min: 30_000, max: 30_000 },
      tcpFlagsFwd: 0b11010,
      service: 'http',
      endReason: 'flushed',
    });
    expect(flow?.communityId).toMatch(/^1:/);
  });

  it('pairs ICMP echo with its reply and leaves errors alone', () => {
    const ping = (from: string, to: string, icmpType: number, t: number) =>
      ({ t, src: from, dst: to, protocol: 'ICMP', icmpType }) as const;
    const { flows } = run([
      ping(CLIENT, SERVER, 8, 1),
      ping(SERVER, CLIENT, 0, 2),
      ping(SERVER, CLIENT, 3, 3),
    ]);
    expect(flows.map((flow) => [flow.srcIp, flow.srcPort, flow.dstPort, flow.connState])).toEqual([
      [CLIENT, 8, 0, 'SF'],
      [SERVER, 3, 0, 'OTH'],
    ]);
  });

  it('gives UDP the states S0 and SF', () => {
    const udp = { protocol: 'UDP', sport: 5000, dport: 53 } as const;
    const one = { t: 1, src: CLIENT, dst: SERVER, ...udp };
    const answer = {
      t: 2,
      src: SERVER,
      dst: CLIENT,
      protocol: 'UDP',
      sport: 53,
      dport: 5000,
    } as const;
    expect(states([one])).toEqual(['S0 D']);
    expect(states([one, answer])).toEqual(['SF Dd']);
  });
});

describe('the end of flows', () => {
  it('comes by packet time, by kind', () => {
    const { flows } = run([
      ...talk([SYN]),
      { t: 1001, src: CLIENT, dst: SERVER, protocol: 'UDP', sport: 1, dport: 2 },
      { t: 1012, src: CLIENT, dst: SERVER, protocol: 'UDP', sport: 3, dport: 4 },
      { t: 1062, src: CLIENT, dst: SERVER, protocol: 'UDP', sport: 3, dport: 4 },
    ]);
    expect(flows.map((flow) => [flow.protocol, flow.dstPort, flow.endReason])).toEqual([
      ['TCP', 80, 'idle'],
      ['UDP', 2, 'idle'],
      ['UDP', 4, 'flushed'],
    ]);
  });

  it('does not come by one packet with a broken timestamp', () => {
    const handshake = talk([SYN, SYN_ACK, ACK]);
    const broken = { ...handshake[0]!, t: 9_000_000, sport: 7 };
    const { flows } = run([...handshake, broken, ...talk([REQUEST])]);
    expect(flows.map((flow) => [flow.history, flow.endReason])).toEqual([
      ['ShAD', 'flushed'],
      ['S', 'flushed'],
    ]);
  });

  it('comes again and again for a flow that lasts', () => {
    const packets = Array.from({ length: 5 }, (_, i) => ({
      ...talk([REQUEST])[0]!,
      t: 1000 + 40 * i,
    }));
    const { flows } = run(packets, { activeSeconds: 100 });
    expect(flows.map((flow) => [flow.packetsFwd, flow.endReason])).toEqual([
      [3, 'active'],
      [2, 'flushed'],
    ]);
    expect(new Set(flows.map((flow) => flow.id)).size).toBe(2);
  });

  it('spares open connections when half-open ones fill the table', () => {
    const flood = Array.from({ length: 500 }, (_, i) => ({
      t: 1001 + i / 1000,
      src: `198.51.${i >> 8}.${i & 255}`,
      dst: SERVER,
      flags: 'S',
    }));
    const { flows, table } = run([...talk([SYN, SYN_ACK, ACK]), ...flood], { maxFlows: 64 });
    expect(flows.find((flow) => flow.srcIp === CLIENT)?.endReason).toBe('flushed');
    expect(table.counters).toMatchObject({
      created: 501,
      evicted: 501 - 64,
      evictedEmbryonic: 501 - 64,
    });
    expect(table.size).toBe(0);
  });
});

it('takes at most 400 bytes a flow, index and lists included', () => {
  const indexAndLists = 2 * 4 + 2 * 4 + 1;
  expect(new FlowColumns(1000).byteLength / 1000 + indexAndLists).toBeLessThanOrEqual(400);
});

it('counts every packet once, whatever is sent and however small the table', () => {
  const packet = fc.record({
    src: fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1'),
    dst: fc.constantFrom('10.0.0.1', '10.0.0.3'),
    protocol: fc.constantFrom('TCP', 'UDP', 'OTHER'),
    sport: fc.constantFrom(80, 1000, 1001),
    dport: fc.constantFrom(80, 2000),
    flags: fc.constantFrom('S', 'SA', 'A', 'FA', 'R', 'PA', 'FR', ''),
    seq: fc.nat(0xffffffff),
    ack: fc.nat(0xffffffff),
    len: fc.nat(3),
    gap: fc.integer({ min: -2, max: 40 }),
  });
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (list, maxFlows) => {
        let t = 1000;
        const packets = list.map(({ gap, ...rest }) => {
          t += gap;
          return { t, ...rest } as HandPacket;
        });
        const { flows, table } = run(packets, { maxFlows });
        expect(flows.reduce((sum, flow) => sum + flow.packetsFwd + flow.packetsBwd, 0)).toBe(
          list.length,
        );
        expect(table.counters.created).toBe(flows.length);
        expect(table.size).toBe(0);
      },
    ),
  );
});

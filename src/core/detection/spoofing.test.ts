/**
 * Whoever can forge a source address must not choose whom we cut off: nothing below may reach BLOCK, with
 * or without real conversations of the victim beside it. Each is strong enough to block if it were real.
 */
import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../contract/packet-batch.ts';
import type { HandPacket } from '../flows/packet-rows.suite.ts';
import { alertsOf, conversation, type Hand, times } from './detections.suite.ts';

const VICTIM = '198.51.100.9';
const SERVER = '192.0.2.1';

const there = (port: number, i: number) => ({
  src: VICTIM,
  dst: SERVER,
  sport: 30_000 + i,
  dport: port,
});
const back = (port: number, i: number) => ({
  src: SERVER,
  dst: VICTIM,
  sport: port,
  dport: 30_000 + i,
});
/** A segment of a connection that nobody opened. */
const forged = (t: number, more: Omit<HandPacket, 't'>): Hand => ({
  t,
  flags: 'PA',
  seq: 7_000_000,
  ack: 9_000_000,
  len: 60,
  ...more,
});

const FORGERIES: Record<string, Hand[]> = {
  'HTTP answers 401 to the victim': times(200, (i) =>
    forged(i / 10, { ...back(80, i), httpStatus: 401, events: AppEvent.HTTP_RESPONSE }),
  ),
  'FTP replies 530 to the victim': times(100, (i) =>
    forged(i / 10, { ...back(21, i), appCode: 530, events: AppEvent.FTP_REPLY }),
  ),
  'unfinished HTTP requests': times(200, (i) =>
    forged(i / 10, { ...there(80, i), events: AppEvent.HTTP_REQUEST }),
  ),
  'many HTTP requests': times(6000, (i) =>
    forged(i / 1000, {
      ...there(80, i % 500),
      seq: 7_000_000 + 60 * i,
      events: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END,
    }),
  ),
  'a port scan by SYN': times(500, (i) => ({
    t: i / 50,
    ...there(1000 + i, i),
    flags: 'S',
    seq: 1,
    len: 0,
  })),
  'names in DNS over TCP': times(400, (i) =>
    forged(i / 20, {
      ...there(53, i),
      qname: `${'x'.repeat(40)}${i}.tunnel.example.org`,
    }),
  ),
};

/** The victim is a customer: some honest conversations with the same services. */
function honest(): Hand[] {
  const ask = { events: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END };
  return [
    ...times(20, (i) => conversation(0.05 + i / 2, VICTIM, SERVER, 80, 50_000 + i, ask)),
    ...times(3, (i) => conversation(0.05 + i, VICTIM, SERVER, 21, 51_000 + i)),
    ...times(3, (i) =>
      conversation(0.05 + i, VICTIM, SERVER, 53, 52_000 + i, {
        qname: `mail${i}.tunnel.example.org`,
      }),
    ),
    // Mistypes a password, and once leaves a request unfinished.
    ...refused(80, 53_000, { httpStatus: 401, events: AppEvent.HTTP_RESPONSE }),
    ...refused(21, 53_001, { appCode: 530, events: AppEvent.FTP_REPLY }),
    ...conversation(0.1, VICTIM, SERVER, 80, 53_002, { events: AppEvent.HTTP_REQUEST }).slice(0, 4),
    ...times(3, (i) => conversation(0.2 + i, VICTIM, SERVER, 1000 + 7 * i, 54_000 + i)),
  ].flat();
}

function refused(port: number, sport: number, reply: Partial<HandPacket>): Hand[] {
  const talk = conversation(9, VICTIM, SERVER, port, sport);
  return talk.map((packet, at) => (at === 4 ? { ...packet, ...reply } : packet));
}

describe('forged packets in the name of a victim', () => {
  it.each(Object.keys(FORGERIES))('%s never block it', (name) => {
    const alerts = alertsOf(FORGERIES[name] ?? []);
    expect(alerts.map(({ decision }) => decision)).toContain('ALERT');
    expect(alerts.map(({ decision }) => decision)).not.toContain('BLOCK');
  });

  it.each(Object.keys(FORGERIES))('%s beside its real ones never block it', (name) => {
    const alerts = alertsOf([...(FORGERIES[name] ?? []), ...honest()]);
    expect(alerts.map(({ decision }) => decision)).toContain('ALERT');
    expect(alerts.map(({ decision }) => decision)).not.toContain('BLOCK');
  });

  it('are not taken for its own where they hit the ports of its open connection', () => {
    const [open, ...hits] = [
      conversation(0, VICTIM, SERVER, 80, 30_000).slice(0, 3),
      ...times(200, (i) => [
        forged(0.1 + i / 50, {
          ...back(80, 0),
          seq: 7_000_000 + 60 * i,
          httpStatus: 401,
          events: AppEvent.HTTP_RESPONSE,
        }),
        // One that draws the numbers of the other side along.
        forged(0.11 + i / 50, {
          ...there(80, 0),
          seq: 9_000_000 + 60 * i,
          ack: 7_000_060 + 60 * i,
        }),
      ]),
    ];
    const alerts = alertsOf([...(open ?? []), ...hits.flat()]);
    expect(alerts.map(({ decision }) => decision)).toEqual(['ALERT']);
  });

  it('has nothing to say of the honest ones', () => {
    expect(alertsOf(honest())).toEqual([]);
  });
});

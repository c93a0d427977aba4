import { describe, expect, it } from 'vitest';
import { alertsOf, conversation, type Hand, times } from '../detections.suite.ts';

const HOST = '10.0.0.5';
const OUTSIDE = '203.0.113.7';

describe('C2_Beacon', () => {
  const calls = (count: number, at: (i: number) => number, more: Partial<Call> = {}): Hand[] =>
    times(count, (i) => {
      const { from = HOST, to = OUTSIDE, port = 443, len = () => 120 } = more;
      return conversation(at(i), from, to, port, 30_000 + i, { len: len(i) });
    }).flat();
  interface Call {
    from: string;
    to: string;
    port: number;
    len: (i: number) => number;
  }
  /** ± 20 %, not in step with anything. */
  const jittered = (i: number) => 30 * i + 6 * Math.sin(i * i);

  it('is a host that calls at even intervals', () => {
    expect(alertsOf(calls(20, jittered))).toMatchObject([
      {
        ...{ alert_type: 'C2_Beacon', source_ip: HOST, destination_ip: OUTSIDE },
        ...{ destination_port: 443, decision: 'ALERT' },
      },
    ]);
  });

  it('is a host of a public address, where packets and answers show on which side it is', () => {
    const from = '198.51.100.66';
    const answersCrossedRouters = (packets: Hand[]) =>
      packets.map((each) => ('src' in each && each.src === OUTSIDE ? { ...each, ttl: 57 } : each));
    expect(alertsOf(answersCrossedRouters(calls(20, jittered, { from })))).toMatchObject([
      { alert_type: 'C2_Beacon', source_ip: from },
    ]);
    // A customer somewhere who asks a server somewhere.
    expect(alertsOf(calls(20, jittered, { from }))).toEqual([]);
  });

  it('is not a bridge of lamps that asks its maker every two seconds', () => {
    expect(alertsOf(calls(60, (i) => 2 * i))).toEqual([]);
  });

  it('is not a person who reads', () => {
    const bursts = (i: number) => 200 * Math.floor(i / 5) + (i % 5);
    expect(alertsOf(calls(40, bursts))).toEqual([]);
  });

  it('is not a monitor that asks its own hosts', () => {
    expect(alertsOf(calls(40, jittered, { to: '10.0.0.80' }))).toEqual([]);
  });

  it('is not what asks for the time', () => {
    expect(alertsOf(calls(40, jittered, { port: 123 }))).toEqual([]);
  });

  it('is not a service that several hosts call', () => {
    const hosts = times(4, (i) => calls(20, (n) => jittered(n) + i, { from: `10.0.0.${i}` }));
    expect(alertsOf(hosts.flat())).toEqual([]);
  });

  it('is not a program whose messages differ', () => {
    expect(alertsOf(calls(40, jittered, { len: (i) => 100 + ((i * 331) % 1_200) }))).toEqual([]);
  });
});

describe('Exfiltration', () => {
  /** A conversation in which the client sends `megabytes` in segments of 50 kB. */
  const upload = (t: number, to: string, megabytes: number, sport: number, from = HOST): Hand[] => {
    const there = { src: from, dst: to, sport, dport: 443 };
    const back = { src: to, dst: from, sport: 443, dport: sport };
    const segments = Math.ceil(megabytes * 20);
    return [
      { t, ...there, flags: 'S', seq: 100 },
      { t: t + 0.01, ...back, flags: 'SA', seq: 300, ack: 101 },
      { t: t + 0.02, ...there, flags: 'A', seq: 101, ack: 301 },
      ...times(segments, (i) => ({
        ...{ t: t + 0.03 + i / 100, ...there, flags: 'A', seq: 101 + 50_000 * i, ack: 301 },
        len: 50_000,
      })),
      {
        t: t + 0.04 + segments / 100,
        ...there,
        flags: 'FA',
        seq: 101 + 50_000 * segments,
        ack: 301,
      },
      {
        t: t + 0.05 + segments / 100,
        ...back,
        flags: 'FA',
        seq: 301,
        ack: 102 + 50_000 * segments,
      },
    ];
  };
  const browsing = (count: number, seconds: number): Hand[] =>
    times(count, (i) =>
      conversation((i * seconds) / count, HOST, `198.51.100.${i % 20}`, 443, 20_000 + i),
    ).flat();

  it('is much that a host sends to where it never sent much', () => {
    const alerts = alertsOf([...browsing(200, 600), ...upload(650, OUTSIDE, 20, 40_000)]);
    expect(alerts).toMatchObject([
      {
        ...{ alert_type: 'Exfiltration', source_ip: HOST, destination_ip: OUTSIDE },
        ...{ decision: 'ALERT' },
      },
    ]);
  });

  it('is not a backup inside', () => {
    expect(alertsOf(upload(0, '10.0.0.80', 50, 40_000))).toEqual([]);
  });

  it('is not a mail with a picture', () => {
    expect(alertsOf([...browsing(200, 600), ...upload(650, OUTSIDE, 2, 40_000)])).toEqual([]);
  });

  it('is not a host that always sends much', () => {
    const videos = times(10, (i) => upload(300 * i, `198.51.100.${i}`, 3, 40_000 + i));
    expect(alertsOf([...videos.flat(), ...upload(3_100, OUTSIDE, 12, 41_000)])).toEqual([]);
  });

  it('is not the backup of each night to the same place', () => {
    const first = alertsOf(upload(0, OUTSIDE, 20, 40_000)).length;
    const nights = times(4, (i) => upload(86_400 * i, OUTSIDE, 20, 40_000 + i));
    expect(alertsOf(nights.flat())).toHaveLength(first);
  });
});

describe('Lateral_Movement', () => {
  const sessions = (targets: readonly number[], every: number, begin = 0, len = 2_000): Hand[] =>
    targets.flatMap((target, i) =>
      conversation(begin + i * every, HOST, `10.0.1.${target}`, 445, 30_000 + begin + i, { len }),
    );

  it('is a host that signs in to one after the other', () => {
    expect(alertsOf(sessions([1, 2, 3, 4, 5], 20))).toMatchObject([
      { alert_type: 'Lateral_Movement', source_ip: HOST, decision: 'ALERT' },
    ]);
  });

  it('is not an administrator who knows them', () => {
    const round = [1, 2, 3];
    const rounds = times(20, (i) => sessions(round, 5, 700 * i)).flat();
    expect(alertsOf([...rounds, ...sessions([1, 2, 3, 4], 5, 14_500)])).toEqual([]);
  });

  it('is not one new host an hour', () => {
    expect(alertsOf(sessions([1, 2, 3, 4, 5, 6, 7, 8], 3_600))).toEqual([]);
  });

  it('is not a file server that many use', () => {
    const users = times(10, (i) =>
      conversation(i, `10.0.2.${i}`, '10.0.1.1', 445, 30_000 + i, { len: 2_000 }),
    );
    expect(alertsOf(users.flat())).toEqual([]);
  });
});

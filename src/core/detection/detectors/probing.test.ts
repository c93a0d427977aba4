import { describe, expect, it } from 'vitest';
import { alertsOf, conversation, type Hand, times } from '../detections.suite.ts';

const SOURCE = '198.51.100.9';
const TARGET = '192.0.2.1';

const there = (sport: number, dport: number) => ({ src: SOURCE, dst: TARGET, sport, dport });
const back = (sport: number, dport: number) => ({
  src: TARGET,
  dst: SOURCE,
  sport: dport,
  dport: sport,
});

/** SYN, SYN-ACK, RST. */
function halfOpen(t: number, port: number, sport: number): Hand[] {
  return [
    { t, ...there(sport, port), flags: 'S', seq: 7 },
    { t: t + 0.01, ...back(sport, port), flags: 'SA', seq: 90, ack: 8 },
    { t: t + 0.011, ...there(sport, port), flags: 'R', seq: 8 },
  ];
}

/** The handshake, and a reset at once. */
function dropped(t: number, port: number, sport: number): Hand[] {
  return [
    { t, ...there(sport, port), flags: 'S', seq: 7 },
    { t: t + 0.01, ...back(sport, port), flags: 'SA', seq: 90, ack: 8 },
    { t: t + 0.011, ...there(sport, port), flags: 'A', seq: 8, ack: 91 },
    { t: t + 0.012, ...there(sport, port), flags: 'RA', seq: 8, ack: 91 },
  ];
}

function stray(t: number, port: number, sport: number): Hand[] {
  return [
    { t, ...there(sport, port), flags: 'A', seq: 7, ack: 9 },
    { t: t + 0.01, ...back(sport, port), flags: 'R', seq: 9 },
  ];
}

const icmp = (t: number, icmpType: number): Hand => ({
  t,
  src: SOURCE,
  dst: TARGET,
  protocol: 'ICMP',
  icmpType,
  len: 12,
});

/** Whoever is at the end has waited: flows that were reset end five seconds later. */
const later: Hand = { t: 400, src: '10.9.9.9', dst: '10.9.9.8', sport: 9, dport: 53, flags: 'S' };

describe('Port_Scan by its mixture of ways', () => {
  it('is one port and its neighbour, opened, half opened and asked again', () => {
    const probes = [
      halfOpen(100, 80, 41_000),
      dropped(100, 443, 41_001),
      dropped(100.1, 80, 41_002),
    ];
    expect(alertsOf([...probes.flat(), later])).toMatchObject([
      { alert_type: 'Port_Scan', source_ip: SOURCE, destination_ip: TARGET, decision: 'ALERT' },
    ]);
  });

  it('is a stray segment, an ICMP question and half-open connections', () => {
    const probes = [
      ...stray(100, 80, 41_000),
      icmp(100, 13),
      ...halfOpen(100, 443, 41_001),
      ...halfOpen(100.2, 8_443, 41_002),
    ];
    expect(alertsOf([...probes, later])).toMatchObject([{ alert_type: 'Port_Scan' }]);
  });

  it('is not a load balancer that checks two ports half open, again and again', () => {
    const rounds = times(60, (round) =>
      [80, 443].flatMap((port) =>
        halfOpen(100 + 2.5 * round, port, 41_000 + 2 * round + (port & 1)),
      ),
    );
    expect(alertsOf([...rounds.flat(), later])).toEqual([]);
  });

  it('is not two processes of it that check the same ports at once', () => {
    const rounds = times(60, (round) =>
      times(4, (i) => dropped(100 + 2.5 * round, i & 1 ? 80 : 443, 41_000 + 4 * round + i)).flat(),
    );
    expect(alertsOf([...rounds.flat(), later])).toEqual([]);
  });

  it('is not a monitor that pings and connects to two ports', () => {
    const rounds = times(20, (round) => [
      icmp(100 + 10 * round, 8),
      ...dropped(100 + 10 * round, 80, 41_000 + 2 * round),
      ...dropped(100.1 + 10 * round, 443, 41_001 + 2 * round),
    ]);
    expect(alertsOf([...rounds.flat(), later])).toEqual([]);
  });

  it('is not a browser whose first attempts come to nothing and that then speaks', () => {
    const visit = [
      ...halfOpen(100, 80, 41_000),
      ...dropped(100, 443, 41_001),
      ...dropped(100.1, 443, 41_002),
      ...conversation(100.3, SOURCE, TARGET, 443, 41_003),
    ];
    expect(alertsOf([...visit, later])).toEqual([]);
  });

  it('is not the same over an hour', () => {
    const probes = [
      halfOpen(100, 80, 41_000),
      dropped(1_100, 443, 41_001),
      dropped(2_100, 80, 41_002),
      stray(3_100, 80, 41_003),
    ];
    expect(alertsOf([...probes.flat(), { ...later, t: 4_000 }])).toEqual([]);
  });
});

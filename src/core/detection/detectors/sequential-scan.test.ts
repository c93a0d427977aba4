import { describe, expect, it } from 'vitest';
import { alertsOf, conversation, type Hand, times } from '../detections.suite.ts';

const SOURCE = '198.51.100.9';
const TARGET = '192.0.2.1';

function refused(
  t: number,
  port: number,
  dst = TARGET,
  src = SOURCE,
  sport = 40_000 + (port % 20_000),
): Hand[] {
  const there = { src, dst, sport, dport: port };
  const back = { src: dst, dst: src, sport: port, dport: there.sport };
  return [
    { t, ...there, flags: 'S', seq: 7 },
    { t: t + 0.001, ...back, flags: 'RA', seq: 0, ack: 8 },
  ];
}

/** An open port that is asked and then left alone: SYN, SYN-ACK, RST. */
function halfOpen(t: number, port: number): Hand[] {
  const there = { src: SOURCE, dst: TARGET, sport: 40_000 + port, dport: port };
  const back = { src: TARGET, dst: SOURCE, sport: port, dport: there.sport };
  return [
    { t, ...there, flags: 'S', seq: 7 },
    { t: t + 0.001, ...back, flags: 'SA', seq: 90, ack: 8 },
    { t: t + 0.002, ...there, flags: 'R', seq: 8 },
  ];
}

describe('Port_Scan by its outcomes', () => {
  it('is told after nine ports, before the step ends', () => {
    const [alert, ...more] = alertsOf(times(10, (i) => refused(100.05 + i / 10, 100 + i)).flat());
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      alert_type: 'Port_Scan',
      source_ip: SOURCE,
      destination_ip: TARGET,
      decision: 'ALERT',
    });
    expect(alert?.evidence.map(({ detector }) => detector)).toEqual(['sequential-scan']);
  });

  it('is told after six ports where all were tried from one source port', () => {
    const probes = times(6, (i) => refused(100 + 1.6 * i, 100 + i, TARGET, SOURCE, 51_234));
    const [alert] = alertsOf(probes.flat());
    expect(alert).toMatchObject({ alert_type: 'Port_Scan', destination_ip: TARGET });
    expect(alert?.evidence[0]?.numbers).toMatchObject({ refusals: 5, from_same_port: 4 });
  });

  it('is not six ports that a program tried, each from a port of its own', () => {
    expect(alertsOf(times(6, (i) => refused(100 + 1.6 * i, 100 + i)).flat())).toEqual([]);
  });

  it('is not an FTP server that cannot open the data connections its client asks for', () => {
    const data = times(7, (i) => refused(100 + i, 50_000 + 7 * i, TARGET, SOURCE, 20));
    expect(alertsOf(data.flat())).toEqual([]);
  });

  it('is not one connection tried again and again from the port that its program bound', () => {
    const tries = times(40, (i) => refused(100 + 12 * i, 8_080, TARGET, SOURCE, 51_234));
    expect(alertsOf(tries.flat())).toEqual([]);
  });

  it('is one port every ten minutes', () => {
    const alerts = alertsOf(times(12, (i) => refused(1_000 + 600 * i, 1_000 + 13 * i)).flat());
    expect(alerts).toMatchObject([{ alert_type: 'Port_Scan', source_ip: SOURCE }]);
  });

  it('is half-open probes of open ports', () => {
    expect(alertsOf(times(12, (i) => halfOpen(i / 5, 20 + i)).flat())).toMatchObject([
      { alert_type: 'Port_Scan', destination_ip: TARGET },
    ]);
  });

  it('is 65,000 ports in ten minutes as one alert', () => {
    const scan = times(65_000, (i) => refused(1_000 + (600 * i) / 65_000, 1 + i)).flat();
    const alerts = alertsOf(scan);
    expect(alerts).toMatchObject([{ alert_type: 'Port_Scan', source_ip: SOURCE }]);
    expect(alerts[0]?.evidence[0]?.numbers).toBeDefined();
  }, 60_000);

  it('of many targets at once is one alert', () => {
    const sweep = times(12, (host) =>
      times(10, (i) => refused(100 + host / 1000 + i / 10_000, 130 + i, `10.0.0.${host + 1}`)),
    ).flat(2);
    expect(alertsOf(sweep)).toMatchObject([{ alert_type: 'Port_Scan', destination_ip: null }]);
  });

  it('is not a mail program that guesses where its server listens', () => {
    const guesses = [143, 993, 110, 995, 587, 465, 25];
    const program = times(3, (round) =>
      guesses.map((port, i) => refused(100 + 20 * round + i / 10, port)),
    ).flat(2);
    expect(alertsOf(program)).toEqual([]);
  });

  it('is not a monitor whose server is down', () => {
    const checks = (t: number, check: (t: number, port: number) => Hand[]) =>
      times(14, (i) => check(t + i / 100, 8_000 + i)).flat();
    const good = times(3, (round) =>
      checks(100 + 30 * round, (t, port) =>
        conversation(t, SOURCE, TARGET, port, 30_000 + 100 * round + (port % 100)),
      ),
    ).flat();
    const bad = times(20, (round) => checks(300 + 30 * round, refused)).flat();
    expect(alertsOf([...good, ...bad])).toEqual([]);
  });

  it('is not a gateway whose many users mostly get through', () => {
    const users = times(120, (i) =>
      i % 5 === 0
        ? refused(100 + i, 2_000 + i)
        : conversation(100 + i, SOURCE, TARGET, 3_000 + i, 20_000 + i),
    ).flat();
    expect(alertsOf(users)).toEqual([]);
  });
});

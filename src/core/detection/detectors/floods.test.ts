import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, conversation, times } from '../detections.suite.ts';

const SERVER = '192.0.2.1';

describe('SYN_Flood', () => {
  it('is one alert on the target when the sources are forged', () => {
    const flood = times(3000, (i) => ({
      t: i / 500,
      src: `10.${i % 250}.${i % 99}.${i % 7}`,
      dst: SERVER,
      sport: 1024 + i,
      flags: 'S',
    }));
    const alerts = alertsOf(flood);
    expect(
      alerts.map(({ alert_type, source_ip, destination_ip, destination_port, decision }) => [
        alert_type,
        source_ip,
        destination_ip,
        destination_port,
        decision,
      ]),
    ).toEqual([['SYN_Flood', null, SERVER, 80, 'ALERT']]);
    expect(alerts[0]?.evidence[0]?.numbers.sources).toBeGreaterThan(500);
    expect(alerts[0]?.packet_count).toBe(3000);
  });

  it('names the source where there is one, and never blocks it: a SYN proves nothing', () => {
    const [alert] = alertsOf(
      times(2000, (i) => ({
        t: i / 400,
        src: '198.51.100.9',
        dst: SERVER,
        sport: 1024 + i,
        flags: 'S',
      })),
    );
    expect(alert).toMatchObject({
      alert_type: 'SYN_Flood',
      source_ip: '198.51.100.9',
      decision: 'ALERT',
    });
    expect(alert?.confidence).toBeGreaterThan(0.8);
  });

  it('is one source at a thousand ports a second too: no scan needs that', () => {
    const spread = times(12_000, (i) => ({
      t: i / 2000,
      src: '198.51.100.9',
      dst: SERVER,
      sport: 1024,
      dport: 1 + i,
      flags: 'S',
    }));
    expect(alertsOf(spread).map(({ alert_type }) => alert_type)).toContain('SYN_Flood');
  });

  it('is not a busy server whose clients complete their handshakes', () => {
    const clients = times(600, (i) =>
      conversation(i / 100, `10.0.${i % 3}.${i % 200}`, SERVER, 443, 20_000 + i),
    );
    expect(alertsOf(clients.flat())).toEqual([]);
  });
});

describe('UDP_Flood', () => {
  const stream = (rate: number) =>
    times(rate * 6, (i) => ({
      t: i / rate,
      src: '10.0.0.9',
      dst: SERVER,
      protocol: 'UDP' as const,
      sport: 4000,
      dport: 9999,
      len: 160,
    }));

  it('is UDP that nobody answers, at a rate that no dialogue has', () => {
    expect(alertsOf(stream(800))).toMatchObject([
      {
        alert_type: 'UDP_Flood',
        source_ip: '10.0.0.9',
        destination_ip: SERVER,
        destination_port: 9999,
      },
    ]);
  });

  const burst = (t: number, count: number) =>
    stream(1250)
      .slice(0, count)
      .map((packet) => ({ ...packet, t: t + packet.t }));
  const lookUps = times(200, (i) => ({
    t: i / 10,
    src: `10.0.0.${20 + (i % 9)}`,
    dst: SERVER,
    protocol: 'UDP' as const,
    sport: 5000 + i,
    dport: 53,
  }));

  it('is told of within two seconds wherever it begins, and whatever else the server does', () => {
    for (const begin of [10.05, 13.3, 14.45, 14.9]) {
      const [alert] = alertsOf([...burst(begin, 5000), ...lookUps]);
      expect((alert?.detected_at ?? 99) - begin).toBeLessThanOrEqual(2);
    }
  });

  it('is not a burst of a second, nor one every ten seconds', () =>
    expect(alertsOf([...burst(4.4, 1400), ...burst(14.4, 1400), ...lookUps])).toEqual([]));

  it('is not a voice call', () => expect(alertsOf(stream(50))).toEqual([]));

  it('is not a download that is acknowledged', () => {
    const acks = times(600, (i) => ({
      t: i / 100 + 0.0001,
      src: SERVER,
      dst: '10.0.0.9',
      protocol: 'UDP' as const,
      sport: 9999,
      dport: 4000,
      len: 40,
    }));
    expect(alertsOf([...stream(800), ...acks])).toEqual([]);
  });
});

describe('ICMP_Flood', () => {
  const pings = (rate: number) =>
    times(rate * 6, (i) => [
      {
        t: i / rate,
        src: '10.0.0.9',
        dst: SERVER,
        protocol: 'ICMP' as const,
        icmpType: 8,
        len: 56,
      },
      {
        t: i / rate + 0.0001,
        src: SERVER,
        dst: '10.0.0.9',
        protocol: 'ICMP' as const,
        icmpType: 0,
        len: 56,
      },
    ]).flat();

  it('is named on the one who is asked, not on the one who is answered', () => {
    expect(alertsOf(pings(400))).toMatchObject([
      { alert_type: 'ICMP_Flood', source_ip: '10.0.0.9', destination_ip: SERVER },
    ]);
  });

  it('is not a monitor that pings ten times a second', () =>
    expect(alertsOf(pings(10))).toEqual([]));
});

describe('HTTP_Flood', () => {
  const requests = (count: number) =>
    times(count, (i) =>
      conversation((6 * i) / count, '10.0.0.9', SERVER, 80, 10_000 + i, {
        events: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END,
      }),
    ).flat();

  it('is a client that asks hundreds of times a second, and is proven by its handshakes', () => {
    const [alert] = alertsOf(requests(3000));
    expect(alert).toMatchObject({
      alert_type: 'HTTP_Flood',
      source_ip: '10.0.0.9',
      decision: 'BLOCK',
    });
  });

  it('is not a crawler', () => expect(alertsOf(requests(120))).toEqual([]));
});

describe('Amplification', () => {
  const question = { qname: 'example.test', qtype: 255 };
  const dns = (answerBytes: number, rate = 300, seconds = 5, port = 53) =>
    times(rate * seconds, (i) => [
      {
        t: i / rate,
        src: '203.0.113.5',
        dst: SERVER,
        protocol: 'UDP' as const,
        sport: 5353 + (i % 4),
        dport: port,
        len: 40,
        ...question,
      },
      {
        t: i / rate + 0.0005,
        src: SERVER,
        dst: '203.0.113.5',
        protocol: 'UDP' as const,
        sport: port,
        dport: 5353 + (i % 4),
        len: answerBytes,
        ...question,
        answerSize: answerBytes,
      },
    ]).flat();

  it('is a service asked in one name for much larger answers', () => {
    expect(alertsOf(dns(1400))).toMatchObject([
      {
        alert_type: 'Amplification',
        source_ip: '203.0.113.5',
        destination_ip: SERVER,
        decision: 'ALERT',
      },
    ]);
  });

  it('is answers that the victim never asked for, from many servers', () => {
    const answers = (len: number) =>
      times(600, (i) => ({
        t: i / 100,
        src: `203.0.${i % 200}.7`,
        dst: SERVER,
        protocol: 'UDP' as const,
        sport: 161,
        dport: 40_000 + i,
        len,
      }));
    expect(alertsOf(answers(1200))).toMatchObject([
      { alert_type: 'Amplification', source_ip: null, destination_ip: SERVER, decision: 'ALERT' },
    ]);
    expect(alertsOf(answers(60))).toEqual([]);
  });

  it('is told within two seconds where a name server answers with ten times the bytes', () => {
    const [alert] = alertsOf(dns(840, 160, 4));
    expect(alert).toMatchObject({ alert_type: 'Amplification', source_ip: '203.0.113.5' });
    expect(alert?.detected_at).toBeLessThanOrEqual(2.1);
  });

  it('is not a mail server that asks for keys and policies sixty times a second', () =>
    expect(alertsOf(dns(400, 60, 20))).toEqual([]));

  it('is not a table read over SNMP', () => expect(alertsOf(dns(1_200, 80, 20, 161))).toEqual([]));

  it('is not a busy resolver with answers of ordinary size', () =>
    expect(alertsOf(dns(70))).toEqual([]));
});

describe('a flood', () => {
  const syns = (count: number, over: number, begin = 0.1) =>
    times(count, (i) => ({
      t: begin + (i * over) / count,
      src: '198.51.100.9',
      dst: SERVER,
      sport: 1024 + i,
      flags: 'S' as const,
    }));

  it('is told of within two seconds, and its packets are counted once', () => {
    const [alert] = alertsOf(syns(4000, 4));
    expect(alert?.detected_at).toBeLessThanOrEqual(2.1);
    expect(alert?.packet_count).toBe(4000);
    expect(alert?.flow_count).toBe(4000);
  });

  it('in the name of its own target waits for no answer', () => {
    const land = times(600, (i) => ({
      t: 4.8 + i / 160,
      src: SERVER,
      dst: SERVER,
      sport: 1024 + i,
      dport: 22,
      flags: 'S' as const,
    }));
    const [alert] = alertsOf(land);
    expect(alert?.evidence[0]?.numbers.land).toBe(true);
    expect(alert?.detected_at).toBeLessThanOrEqual(6.8);
  });

  it('is not a burst of clients whose handshakes are still under way', () => {
    // 400 clients at once, 400 ms away: nothing is completed for longer than a look takes.
    const clients = times(400, (i) => {
      const t = 0.1 + i / 4000;
      const there = { src: `10.0.${i % 3}.${i % 200}`, dst: SERVER, sport: 20_000 + i, dport: 443 };
      const back = { src: there.dst, dst: there.src, sport: 443, dport: there.sport };
      return [
        { t, ...there, flags: 'S' as const, seq: 100 },
        { t: t + 0.4, ...back, flags: 'SA' as const, seq: 300, ack: 101 },
        { t: t + 0.401, ...there, flags: 'A' as const, seq: 101, ack: 301 },
      ];
    }).flat();
    expect(alertsOf(clients)).toEqual([]);
  });
});

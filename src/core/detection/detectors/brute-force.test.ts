import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, conversation, times } from '../detections.suite.ts';

const CLIENT = '198.51.100.9';
const SERVER = '192.0.2.1';

function refusals(
  count: number,
  seconds: number,
  reply: { appCode?: number; httpStatus?: number; events: number },
  port: number,
) {
  return times(count, (i) => {
    const t = (i * seconds) / count;
    const talk = conversation(t, CLIENT, SERVER, port, 30_000 + i);
    return [
      ...talk.slice(0, 5),
      {
        t: t + 0.0045,
        src: SERVER,
        dst: CLIENT,
        sport: port,
        dport: 30_000 + i,
        flags: 'PA',
        seq: 501,
        ack: 201,
        len: 30,
        ...reply,
      },
      ...talk.slice(5),
    ];
  }).flat();
}

/** A handshake, the client's banner, and an end before the server said anything. */
function turnedAway(t: number, sport: number, by: 'server' | 'client' = 'server') {
  const there = { src: CLIENT, dst: SERVER, sport, dport: 22 };
  const back = { src: SERVER, dst: CLIENT, sport: 22, dport: sport };
  const end =
    by === 'server'
      ? { ...back, flags: 'FA', seq: 301, ack: 101 }
      : { ...there, flags: 'FA', seq: 101, ack: 301 };
  return [
    { t, ...there, flags: 'S', seq: 100 },
    { t: t + 0.001, ...back, flags: 'SA', seq: 300, ack: 101 },
    { t: t + 0.002, ...there, flags: 'A', seq: 101, ack: 301 },
    { t: t + 0.003, ...end },
    {
      t: t + 0.004,
      ...(by === 'server' ? there : back),
      flags: 'R',
      seq: by === 'server' ? 101 : 301,
    },
  ];
}

function posts(request: string) {
  const events = AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_LOGIN;
  return times(60, (i) =>
    conversation(i, CLIENT, SERVER, 80, 30_000 + i, { request, events }),
  ).flat();
}

describe('Brute_Force', () => {
  it('counts FTP replies 530', () => {
    const [alert] = alertsOf(refusals(20, 60, { appCode: 530, events: AppEvent.FTP_REPLY }, 21));
    expect(alert).toMatchObject({
      alert_type: 'Brute_Force',
      source_ip: CLIENT,
      destination_ip: SERVER,
      destination_port: 21,
      decision: 'BLOCK',
    });
    expect(alert?.evidence[0]?.numbers.service).toBe('FTP');
  });

  it('counts SSH connections that the server closes without a word, and never blocks for them', () => {
    expect(alertsOf(times(70, (i) => turnedAway(i / 6, 30_000 + i)).flat())).toMatchObject([
      { alert_type: 'Brute_Force', destination_port: 22, decision: 'ALERT' },
    ]);
  });

  it('is not a program that comes again every second to a server that lets nobody in', () => {
    expect(alertsOf(times(120, (i) => turnedAway(i, 30_000 + i)).flat())).toEqual([]);
  });

  it('is not a balancer that looks whether SSH listens and goes', () => {
    expect(alertsOf(times(70, (i) => turnedAway(i / 6, 30_000 + i, 'client')).flat())).toEqual([]);
  });

  it('counts HTTP answers 401', () => {
    expect(
      alertsOf(refusals(60, 60, { httpStatus: 401, events: AppEvent.HTTP_RESPONSE }, 80)),
    ).toMatchObject([{ alert_type: 'Brute_Force', destination_port: 80 }]);
  });

  it('counts SSH conversations of the size of a refused log-in', () => {
    const tries = times(20, (i) =>
      conversation(i * 3, CLIENT, SERVER, 22, 30_000 + i, {
        len: 1800,
        events: AppEvent.SSH_BANNER,
      }),
    ).flat();
    expect(alertsOf(tries)).toMatchObject([
      { alert_type: 'Brute_Force', source_ip: CLIENT, destination_port: 22 },
    ]);
  });

  it('counts log-in forms, of which nobody sends twenty in two minutes', () => {
    expect(alertsOf(posts('POST /wp-login.php'))).toMatchObject([
      { alert_type: 'Brute_Force', source_ip: CLIENT, destination_port: 80 },
    ]);
  });

  it('is not a program that shows its key with every request', () => {
    expect(alertsOf(posts('POST /ingest_packets'))).toEqual([]);
  });

  it('is not somebody who mistypes a password three times', () => {
    expect(alertsOf(refusals(3, 30, { appCode: 530, events: AppEvent.FTP_REPLY }, 21))).toEqual([]);
  });

  it('is not a job that copies a file over SSH every half minute', () => {
    const copies = times(20, (i) =>
      conversation(i * 30, CLIENT, SERVER, 22, 30_000 + i, {
        len: 1400,
        events: AppEvent.SSH_BANNER,
      }),
    ).flat();
    expect(alertsOf(copies)).toEqual([]);
  });

  it('counts each client by itself', () => {
    const offices = times(30, (i) =>
      refusals(2, 10, { appCode: 530, events: AppEvent.FTP_REPLY }, 21).map((packet) => ({
        ...packet,
        t: packet.t + i,
        src: packet.src === CLIENT ? `10.0.0.${i}` : packet.src,
        dst: packet.dst === CLIENT ? `10.0.0.${i}` : packet.dst,
      })),
    ).flat();
    expect(alertsOf(offices)).toEqual([]);
  });
});

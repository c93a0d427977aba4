import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, conversation, times } from '../detections.suite.ts';

const CLIENT = '198.51.100.9';
const SERVER = '192.0.2.1';

/** A request line after `t`, then one header every 10 s until `ends`, when the blank line comes, if it does. */
function begun(t: number, sport: number, end: number, isCompleted: boolean) {
  const there = { src: CLIENT, dst: SERVER, sport, dport: 80 };
  const headers = times(Math.floor((end - t) / 10), (i) => ({
    t: t + 10 * (i + 1),
    ...there,
    flags: 'PA',
    seq: 201 + 20 * i,
    ack: 301,
    len: 20,
  }));
  const last = isCompleted
    ? [
        {
          t: end,
          ...there,
          flags: 'PA',
          seq: 900,
          ack: 301,
          len: 4,
          events: AppEvent.HTTP_HEADERS_END,
        },
      ]
    : [];
  return [
    ...conversation(t, CLIENT, SERVER, 80, sport, { events: AppEvent.HTTP_REQUEST }).slice(0, 4),
    ...headers,
    ...last,
  ];
}

describe('Slowloris', () => {
  it('is many requests of one client that never end', () => {
    const [alert] = alertsOf(times(60, (i) => begun(i / 10, 20_000 + i, 60, false)).flat());
    expect(alert).toMatchObject({
      alert_type: 'Slowloris',
      source_ip: CLIENT,
      destination_ip: SERVER,
      destination_port: 80,
      decision: 'BLOCK',
    });
  });

  it('is not a client on a bad line whose requests end after a while', () => {
    expect(alertsOf(times(60, (i) => begun(10 * i, 20_000 + i, 10 * i + 30, true)).flat())).toEqual(
      [],
    );
  });

  it('is not a few that hang', () => {
    expect(alertsOf(times(8, (i) => begun(i, 20_000 + i, 60, false)).flat())).toEqual([]);
  });
});

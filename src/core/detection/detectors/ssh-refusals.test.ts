import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, type Hand, times } from '../detections.suite.ts';

const CLIENT = '198.51.100.9';
const SERVER = '192.0.2.1';
const ACCEPT = 44;
const REFUSAL = 76;
const SUCCESS = 28;

/** A connection that stays open: key exchange, then what the server sends, one message a tenth of a second. */
function connection(t: number, sport: number, answers: readonly number[]): Hand[] {
  const there = { src: CLIENT, dst: SERVER, sport, dport: 22 };
  const back = { src: SERVER, dst: CLIENT, sport: 22, dport: sport };
  const packets: Hand[] = [
    { t, ...there, flags: 'S', seq: 100 },
    { t: t + 0.001, ...back, flags: 'SA', seq: 300, ack: 101 },
    { t: t + 0.002, ...there, flags: 'A', seq: 101, ack: 301 },
    {
      t: t + 0.003,
      ...there,
      flags: 'PA',
      seq: 101,
      ack: 301,
      len: 23,
      events: AppEvent.SSH_BANNER,
    },
  ];
  let seq = 301;
  let ack = 124;
  for (const [i, len] of [41, 1088, 524, ACCEPT, REFUSAL, ...answers].entries()) {
    const at = t + 0.01 + i / 10;
    packets.push({ t: at, ...back, flags: 'PA', seq, ack, len });
    seq += len;
    packets.push({ t: at + 0.05, ...there, flags: 'PA', seq: ack, ack: seq, len: 84 });
    ack += 84;
  }
  return packets;
}

describe('Brute_Force over SSH', () => {
  it('is told while four connections are still open', () => {
    const guesses = times(4, (i) =>
      connection(
        100 + i / 50,
        30_000 + i,
        times(6, () => REFUSAL),
      ),
    );
    const [alert, ...more] = alertsOf(guesses.flat());
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      alert_type: 'Brute_Force',
      source_ip: CLIENT,
      destination_ip: SERVER,
      destination_port: 22,
    });
    expect(alert?.evidence.map(({ detector }) => detector)).toEqual(['ssh-refusals']);
    expect(alert?.detected_at).toBeLessThan(102);
  });

  it('is not the same message sent again and again', () => {
    const resent = times(4, (i) => {
      const packets = connection(100, 30_000 + i, [REFUSAL]);
      const last = packets.at(-2);
      return [...packets, ...times(10, (j) => ({ ...last, t: 101 + j / 10 }) as Hand)];
    });
    expect(alertsOf(resent.flat())).toEqual([]);
  });

  it('is not somebody who mistypes a password twice each time and then gets in', () => {
    const logins = times(12, (i) =>
      connection(100 + 9 * i, 30_000 + i, [REFUSAL, REFUSAL, SUCCESS, 52, REFUSAL, REFUSAL]),
    );
    expect(alertsOf(logins.flat())).toEqual([]);
  });

  it('is not somebody whose six keys are refused on three connections', () => {
    const keys = times(3, (i) =>
      connection(
        100 + 20 * i,
        30_000 + i,
        times(6, () => REFUSAL),
      ),
    );
    expect(alertsOf(keys.flat())).toEqual([]);
  });
});

/**
 * conn_state, history, packets and IP bytes of every connection as in Zeek's published conn.log
 * baselines. Deviations are listed one by one in `known-deviations.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Connection, ourConnections, parseConnLog } from './conn-log.ts';
import { KNOWN_DEVIATIONS } from './known-deviations.ts';

const DATA = resolve('../shared/data/decode/zeek');
const isThere = existsSync(`${DATA}/conn-baselines/index.csv`);
const reason = isThere ? '' : ` (skipped: ${DATA} is not there)`;

describe.skipIf(!isThere)(`agreement with Zeek${reason}`, () => {
  const baselines = isThere ? readIndex() : [];

  it('has all 43 baselines', () => {
    expect(baselines).toHaveLength(43);
  });

  it.each(baselines)('$trace: $log', async ({ trace, log }) => {
    const theirs = parseConnLog(readFileSync(`${DATA}/conn-baselines/${log}`, 'utf8')).map(text);
    const ours = (await ourConnections(`${DATA}/testing/btest/Traces/${trace}`)).map(text);
    const known = KNOWN_DEVIATIONS.filter((deviation) => deviation.log === log);
    const onlyZeek = known.flatMap(({ zeek }) => zeek ?? []).sort();
    const onlyOurs = known.flatMap(({ ours: our }) => our ?? []).sort();
    expect(theirs.length).toBeGreaterThan(0);
    expect({ zeek: without(theirs, ours), ours: without(ours, theirs) }).toEqual({
      zeek: onlyZeek,
      ours: onlyOurs,
    });
  });

  it('lists no deviation of a baseline that does not exist', () => {
    const logs = new Set(baselines.map(({ log }) => log));
    expect(KNOWN_DEVIATIONS.filter(({ log }) => !logs.has(log))).toEqual([]);
  });
});

function readIndex(): { trace: string; log: string }[] {
  const [, ...lines] = readFileSync(`${DATA}/conn-baselines/index.csv`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [trace = '', log = ''] = line.split(',');
    return { trace, log };
  });
}

function text({ who, what }: Connection): string {
  return `${who} | ${what}`;
}

/** What of `list` is not in `others`, each taken once. */
function without(list: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return list
    .filter((each) => {
      const at = left.indexOf(each);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    })
    .sort();
}

/** What the store is asked, and how long it takes: every page's and chart's query, the searches, and the forensic ones. */
import { attackHistory } from '../http/attack-history.ts';
import { listAlerts } from '../store/alerts.ts';
import type { Database } from '../store/database.ts';
import { listFlows } from '../store/flows.ts';
import { overview } from '../store/overview.ts';
import { lastPackets, listPackets } from '../store/packets.ts';
import { trafficStats } from '../store/traffic-stats.ts';

const RUNS = 40;
const FORENSIC_RUNS = 5;

export interface QueryTime {
  readonly group: 'pages and charts' | 'searches' | 'forensics';
  readonly name: string;
  readonly medianMs: number;
  readonly p95Ms: number;
}

type Ask = (db: Database) => Promise<unknown>;

const PAGES: Readonly<Record<string, Ask>> = {
  '/analyze-traffic: the last 50': (db) => listPackets(db, { limit: 50 }),
  '/api/raw_packets/last/1000': (db) => lastPackets(db, 1000),
  '/traffic-stats': (db) => trafficStats(db),
  'overview of 1 hour, all charts': (db) => overview(db, 60),
  'overview of 24 hours, all charts': (db) => overview(db, 1440),
  'overview of 7 days, all charts': (db) => overview(db, 10_080),
  'attacks over 24 hours': (db) => attackHistory(db, 1440),
  'alerts, a page': (db) => listAlerts(db, { limit: 50 }),
  'flows, a page': (db) => listFlows(db, { limit: 50 }),
};

/** The four of the contract, word for word. */
const FORENSIC_SQL = {
  'top attackers':
    'SELECT src_ip, COUNT(*) AS attack_count FROM packet_logs WHERE is_malicious = TRUE GROUP BY src_ip ORDER BY attack_count DESC LIMIT 10;',
  'attack types by hour':
    "SELECT date_trunc('hour', timestamp) AS hour, attack_type, COUNT(*) FROM packet_logs GROUP BY hour, attack_type ORDER BY hour DESC;",
  'small TCP packets':
    "SELECT src_ip, COUNT(*) FROM packet_logs WHERE length < 64 AND protocol = 'TCP' GROUP BY src_ip HAVING COUNT(*) > 100;",
  'delete what is older than 30 days':
    "DELETE FROM packet_logs WHERE timestamp < NOW() - INTERVAL '30 days';",
} as const;

export async function* queryTimes(db: Database): AsyncGenerator<QueryTime> {
  for (const [name, ask] of Object.entries(PAGES))
    yield { group: 'pages and charts', name, ...(await measure(RUNS, () => ask(db))) };
  for (const [name, ask] of Object.entries(await searches(db)))
    yield { group: 'searches', name, ...(await measure(RUNS, () => ask(db))) };
  for (const [name, sql] of Object.entries(FORENSIC_SQL)) {
    // It finds its rows only once.
    const runs = sql.startsWith('DELETE') ? 1 : FORENSIC_RUNS;
    yield { group: 'forensics', name, ...(await measure(runs, () => db.query(sql))) };
  }
}

/** Addresses that occur, one that is frequent and one that was seen least lately; and what is nowhere. */
async function searches(db: Database): Promise<Record<string, Ask>> {
  const first = await listPackets(db, { limit: 1 });
  const frequent = first.packets[0]?.src_ip ?? '';
  const [oldest] = await db.query<{ src_ip: string }>(
    `SELECT src_ip FROM raw_packets WHERE src_ip IS NOT NULL AND captured_at > now() - interval '25 hours'
     ORDER BY captured_at LIMIT 1`,
  );
  const half = await listPackets(db, { limit: 1 });
  let before = half.next ?? undefined;
  for (let page = 0; page < 20 && before !== undefined; page++)
    before = (await listPackets(db, { limit: 500, before })).next ?? undefined;
  return {
    'packets, a page 10,000 rows down': (db) => listPackets(db, { limit: 50, before }),
    'packets of a source of now': (db) => listPackets(db, { limit: 50, src_ip: frequent }),
    'packets of a source of yesterday': (db) =>
      listPackets(db, { limit: 50, src_ip: oldest?.src_ip ?? '' }),
    'packets of a source that never was': (db) =>
      listPackets(db, { limit: 50, src_ip: '203.0.113.9' }),
    'packets to a target that never was': (db) =>
      listPackets(db, { limit: 50, dst_ip: '203.0.113.9' }),
    'malicious packets': (db) => listPackets(db, { limit: 50, malicious: true }),
    'packets of an attack': (db) => listPackets(db, { limit: 50, attack_type: 'SYN_Flood' }),
    'packets of a protocol that is rare': (db) =>
      listPackets(db, { limit: 50, protocol: 'ICMPv6' }),
    'flows of a source': (db) => listFlows(db, { limit: 50, src_ip: '10.0.7.7' }),
    'flows of a source that never was': (db) => listFlows(db, { limit: 50, src_ip: '203.0.113.9' }),
    'flows of a service': (db) => listFlows(db, { limit: 50, service: 'ssh' }),
  };
}

async function measure(
  runs: number,
  work: () => Promise<unknown>,
): Promise<{ medianMs: number; p95Ms: number }> {
  if (runs > 1) await work();
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.ceil(share * times.length) - 1] ?? Number.NaN;
  return { medianMs: at(0.5), p95Ms: at(0.95) };
}

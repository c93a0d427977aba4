/** The whole platform as a user meets it: one command, then the demo's packets, alerts and simulated blocks. */
import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  AlertPage,
  DecisionPage,
  Health,
  LureSessionPage,
  Overview,
} from '../../src/contract/api.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { type Session, signIn, until } from '../support/session.ts';

/** As they stand in the contract. */
const STATEMENTS = [
  'SELECT src_ip, COUNT(*) AS attack_count FROM packet_logs WHERE is_malicious = TRUE GROUP BY src_ip ORDER BY attack_count DESC LIMIT 10;',
  "SELECT date_trunc('hour', timestamp) AS hour, attack_type, COUNT(*) FROM packet_logs GROUP BY hour, attack_type ORDER BY hour DESC;",
  "SELECT src_ip, COUNT(*) FROM packet_logs WHERE length < 64 AND protocol = 'TCP' GROUP BY src_ip HAVING COUNT(*) > 100;",
  "DELETE FROM packet_logs WHERE timestamp < NOW() - INTERVAL '30 days';",
] as const;

describe.skipIf(whyNotBuilt)(`phantomnet up ${whyNotBuilt}`, () => {
  let platform: RunningPlatform;
  let session: Session;

  beforeAll(async () => {
    platform = await startUp();
    session = await signIn(platform.url, platform.password);
  }, 90_000);

  afterAll(async () => {
    await platform?.stop();
  }, 30_000);

  it('shows alerts of many kinds, explained, within a minute of the first start', async () => {
    const { alerts } = await until(
      60,
      () => session.json<AlertPage>('/api/v1/alerts?limit=100'),
      (page) => page.alerts.some(({ alert_type }) => alert_type === 'ARP_Spoof'),
    );
    const kinds = new Set(alerts.map(({ alert_type }) => alert_type));
    for (const kind of [
      'Port_Scan',
      'SYN_Flood',
      'Brute_Force',
      'ARP_Spoof',
      'Slowloris',
      'DNS_Tunnel',
    ])
      expect(kinds).toContain(kind);
    expect(alerts.some(({ explanation, model }) => explanation.length > 0 && model !== null)).toBe(
      true,
    );
    expect(alerts.every(({ evidence }) => evidence.length > 0)).toBe(true);
  }, 70_000);

  it('blocks in simulation only, and only whom a handshake proves', async () => {
    const { decisions } = await until(
      20,
      () => session.json<DecisionPage>('/api/v1/decisions'),
      (page) => page.decisions.length > 0,
    );
    expect(decisions.length).toBeGreaterThan(0);
    for (const decision of decisions)
      expect(decision).toMatchObject({ simulated: true, state: 'simulated', action: 'BLOCK' });
  });

  it('counts the packets of the demo, and the malicious among them', async () => {
    const overview = await until(
      30,
      () => session.json<Overview>('/api/v1/overview?minutes=1440'),
      ({ total_packets }) => total_packets > 150_000,
    );
    expect(overview.total_packets).toBeGreaterThan(150_000);
    expect(overview.malicious_packets).toBeGreaterThan(1_000);
    expect(overview.malicious_packets).toBeLessThan(overview.total_packets / 2);
    expect(overview.flows).toBeGreaterThan(10_000);
  }, 40_000);

  it('answers the statements of the older documents as they stand', async () => {
    const postgres = await startEmbedded({
      dataDir: join(platform.dataDir, 'postgres'),
      log: { info() {}, warn() {} },
    });
    const client = new pg.Client(postgres.connection);
    await client.connect();
    try {
      const results: pg.QueryResult[] = [];
      for (const sql of STATEMENTS) results.push(await client.query(sql));
      const [attackers, hours, small, deleted] = results;
      expect(Number(attackers?.rows[0]?.attack_count)).toBeGreaterThan(100);
      expect(hours?.rows.some(({ attack_type }) => attack_type === 'Port_Scan')).toBe(true);
      expect(small?.rows.length).toBeGreaterThan(0);
      expect(deleted?.command).toBe('DELETE');
    } finally {
      await client.end();
      await postgres.stop();
    }
  });

  it('is not open to anybody', async () => {
    for (const path of [
      '/analyze-traffic',
      '/api/alerts',
      '/api/v1/overview',
      '/metrics',
      '/traffic-stats',
    ])
      expect({ path, status: (await fetch(`${platform.url}${path}`)).status }).toEqual({
        path,
        status: 401,
      });
    expect((await fetch(`${platform.url}/health`)).status).toBe(200);
  });

  it('says how it is', async () => {
    const health = (await (await fetch(`${platform.url}/health`)).json()) as Health;
    expect(health).toMatchObject({ model_loaded: true, database: 'ok', enforcer: 'simulated' });
  });

  it('keeps the older endpoints', async () => {
    const { packets } = await session.json<{ packets: unknown[] }>('/analyze-traffic');
    expect(packets).toHaveLength(50);
    expect(await session.json('/traffic-stats')).toMatchObject({
      total: expect.any(Number),
      malicious: expect.any(Number),
    });
    const blocked = await session.send('POST', '/block-ip', { ip: '203.0.113.77' });
    expect(blocked.status).toBe(200);
    const own = await session.send('POST', '/block-ip', { ip: '127.0.0.1' });
    expect(own.status).toBe(409);
    expect(await own.json()).toMatchObject({ detail: expect.stringContaining('own address') });
  });

  it('turns a visit to a lure into an alert', async () => {
    const socket = connect(platform.ports.ftp, '127.0.0.1');
    socket.write('USER root\r\nPASS hunter2\r\nQUIT\r\n');
    await new Promise((resolve) => socket.once('close', resolve).resume());
    const { sessions } = await until(
      10,
      () => session.json<LureSessionPage>('/api/v1/lures/sessions'),
      (page) => page.sessions.some(({ logins }) => logins > 0),
    );
    expect(sessions[0]).toMatchObject({ service: 'ftp', source_ip: '127.0.0.1', logins: 1 });
    const { alerts } = await until(
      10,
      () => session.json<AlertPage>('/api/v1/alerts?alert_type=Honeypot_Contact'),
      (page) => page.alerts.length > 0,
    );
    // The visitor is this machine: seen, and never blocked.
    expect(alerts[0]).toMatchObject({ source_ip: '127.0.0.1', decision: 'ALERT' });
  }, 30_000);

  it('refuses a second one on the same port with one line', async () => {
    const port = new URL(platform.url).port;
    await expect(
      startUp(['--port', port, '--no-demo', '--no-capture', '--no-lures']),
    ).rejects.toThrow(`port ${port}`);
  }, 90_000);

  it('goes away when told', async () => {
    expect(await platform.stop()).toBe(0);
    await expect(fetch(`${platform.url}/health`)).rejects.toThrow();
  }, 30_000);
});

/** The packets behind an alert, downloaded: those that tshark selects from the capture that they came from. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open-capture.ts';
import { summarize } from '../../src/cli/analyze.ts';
import type { Alert } from '../../src/contract/alert.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { EvidenceRing } from '../../src/sensor/evidence/evidence-ring.ts';
import { ringFolder } from '../../src/sensor/evidence/ring-folders.ts';
import { SourceBatches } from '../../src/sensor/source-batches.ts';
import { ingest } from '../../src/store/ingest.ts';
import { alertOf, trafficBatch } from '../support/traffic.ts';
import { type Harness, withServer } from './harness.ts';

const CAPTURE = 'demo/demo.pcap.zst';
const SENSOR = 'demo-lab';
/** One way or both, one port or all, with fragments, ARP: each asks the ring differently. */
const KINDS = ['Port_Scan', 'Amplification', 'Brute_Force', 'ICMP_Flood', 'ARP_Spoof'];
const lacking = ['tshark', 'zstd'].filter((name) => spawnSync(name, ['--version']).error);
const why = lacking.length === 0 ? '' : `(skipped: ${lacking.join(', ')} not installed)`;

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-packets-'));
const evidenceDir = join(folder, 'evidence');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function store({ db }: Harness, alerts: Alert[]): Promise<void> {
  await ingest(db, { ...trafficBatch({ packets: 1, startMicros: 1e15 }), alerts });
}

describe.skipIf(why !== '')(`the packets of an alert ${why}`, () => {
  let alerts: readonly Alert[] = [];

  beforeAll(async () => {
    execFileSync('zstd', ['-dqf', CAPTURE, '-o', join(folder, 'demo.pcap')]);
    ({ alerts } = await summarize(CAPTURE, new Analysis({ sensorId: SENSOR, judge: null })));
    const dir = ringFolder(evidenceDir, SENSOR, 0);
    const evidence = await EvidenceRing.open({ dir });
    const source = await openCapture(CAPTURE);
    const batches = new SourceBatches(source, { evidence, waitForEvidence: true });
    const place = { sensorId: SENSOR, epoch: 'epoch-1', firstSequence: 0 };
    await batches.run(place, async () => {}, new AbortController().signal);
    await evidence.close();
    expect(evidence.stats).toMatchObject({ packets: source.stats.frames, dropped: 0 });
  });

  it(
    'are those that tshark selects, by count and bytes, of alerts of several kinds',
    () =>
      withServer(
        async (server) => {
          await store(server, [...alerts]);
          const key = await server.keyOf('analyst');
          for (const kind of KINDS) {
            const alert = alerts.findLast(({ alert_type: type }) => type === kind);
            if (!alert) throw new Error(`the demo has no ${kind}`);
            const response = await server.call('GET', `/api/v1/alerts/${alert.id}/packets.pcapng`, {
              key,
            });
            expect(response.status, await reasonOf(response)).toBe(200);
            expect(response.headers.get('content-type')).toBe('application/vnd.tcpdump.pcap');
            const file = join(folder, 'downloaded.pcapng');
            writeFileSync(file, Buffer.from(await response.arrayBuffer()));
            const wanted = selected(join(folder, 'demo.pcap'), filterOf(alert));
            expect([kind, selected(file, '')]).toEqual([kind, wanted]);
            expect(wanted.split('\n').length).toBeGreaterThan(1);
          }
        },
        { evidenceDir },
      ),
    300_000,
  );

  it('are refused where nobody says who asks, and to a sensor', () =>
    withServer(
      async ({ call, keyOf }) => {
        const path = '/api/v1/alerts/alert-1/packets.pcapng';
        expect((await call('GET', path)).status).toBe(401);
        expect((await call('GET', path, { key: await keyOf('sensor') })).status).toBe(403);
      },
      { evidenceDir },
    ));

  it('that are not kept, or not here, are a 404 that says why', () =>
    withServer(
      async (server) => {
        const reference = {
          ...{ sensor_id: SENSOR, first: 1, last: 2 },
          ...{ src_ip: '10.9.9.9', dst_ip: null, dst_port: null, protocol: null },
        };
        await store(server, [
          alertOf({ id: 'gone', packets: [reference] }),
          alertOf({ id: 'remote', packets: [{ ...reference, sensor_id: 'branch' }] }),
          alertOf({ id: 'path', packets: [{ ...reference, sensor_id: '../evidence/demo-lab' }] }),
        ]);
        const key = await server.keyOf('analyst');
        const detailOf = async (id: string) => {
          const path = `/api/v1/alerts/${id}/packets.pcapng`;
          const response = await server.call('GET', path, { key });
          return [response.status, ((await response.json()) as { detail: string }).detail];
        };
        expect(await detailOf('gone')).toEqual([
          404,
          'None of the packets behind alert gone is kept any more',
        ]);
        expect(await detailOf('remote')).toEqual([
          404,
          'This server keeps no packets of branch: a sensor keeps its own, ask there with phantomnet evidence',
        ]);
        expect((await detailOf('path'))[0]).toBe(404);
        expect(await detailOf('none')).toEqual([404, 'There is no alert none']);
      },
      { evidenceDir },
    ));

  it('are read by two at a time, and a reader that goes makes room', () =>
    withServer(
      async (server) => {
        await store(server, [...alerts]);
        const key = await server.keyOf('analyst');
        const path = `/api/v1/alerts/${alerts[0]?.id}/packets.pcapng`;
        const [first, second] = [
          await server.call('GET', path, { key }),
          await server.call('GET', path, { key }),
        ];
        expect((await server.call('GET', path, { key })).status).toBe(503);
        await first.body?.cancel();
        const third = await server.call('GET', path, { key });
        expect(third.status).toBe(200);
        expect((await third.arrayBuffer()).byteLength).toBeGreaterThan(100);
        await second.arrayBuffer();
        expect((await server.call('HEAD', path, { key })).status).toBe(200);
        expect((await server.call('HEAD', path, { key })).status).toBe(200);
        const last = await server.call('GET', path, { key });
        expect(last.status).toBe(200);
        await last.body?.cancel();
      },
      { evidenceDir },
    ));
});

async function reasonOf(response: Response): Promise<string> {
  return response.ok ? '' : await response.text();
}

/** Times, lengths and bytes of the packets that the display filter selects, a line each. */
function selected(file: string, filter: string): string {
  const settings = ['frame.generate_md5_hash:TRUE', 'ip.defragment:FALSE'];
  const fields = ['frame.time_epoch', 'frame.len', 'frame.md5_hash'];
  const words = [
    ...['-r', file, '-Y', filter || 'frame', '-T', 'fields'],
    ...settings.flatMap((setting) => ['-o', setting]),
    ...fields.flatMap((field) => ['-e', field]),
  ];
  const text = execFileSync('tshark', words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  return text.trim();
}

/** What the alert refers to, one way and back, in tshark's words. */
function filterOf({ packets }: Alert): string {
  return packets
    .map((reference) => {
      const { first, last, src_ip: src, dst_ip: dst, dst_port: port, protocol } = reference;
      const way = (from: string | null, to: string | null, portName: string) => {
        const l4 = protocol?.toLowerCase();
        const parts = [
          ...(from ? [addressed('src', from, protocol)] : []),
          ...(to ? [addressed('dst', to, protocol)] : []),
          ...(port !== null && l4 ? [`(${l4}.${portName} == ${port} || ip.frag_offset > 0)`] : []),
        ];
        return parts.length === 0 ? 'frame' : parts.join(' && ');
      };
      const ways = `((${way(src, dst, 'dstport')}) || (${way(dst, src, 'srcport')}))`;
      const time = `frame.time_epoch >= ${first.toFixed(6)} && frame.time_epoch <= ${last.toFixed(6)}`;
      return `(${time} && ${ways}${protocolWords(protocol)})`;
    })
    .join(' || ');
}

function addressed(end: 'src' | 'dst', ip: string, protocol: string | null): string {
  if (protocol === 'ARP') return `arp.${end}.proto_ipv4 == ${ip}`;
  return `${ip.includes(':') ? 'ipv6' : 'ip'}.${end} == ${ip}`;
}

/** An ICMP error quotes the header that it is about: to tshark it is UDP, too. A later fragment is not. */
function protocolWords(protocol: string | null): string {
  if (protocol === null) return '';
  const name = protocol.toLowerCase();
  const number = { tcp: 6, udp: 17 }[name];
  if (number === undefined) return ` && ${name}`;
  return ` && (${name} || (ip.frag_offset > 0 && ip.proto == ${number})) && !icmp && !icmpv6`;
}

/** `POST /ingest_packets`: whole batches or nothing, and nothing twice. */
import { describe, expect, it } from 'vitest';
import { Problem, SensorList } from '../../src/contract/api.ts';
import { LAST_MICROS } from '../../src/contract/packet-batch.ts';
import { createApp } from '../../src/http/server.ts';
import { BATCH_CONTENT_TYPE, encodeBatch } from '../../src/stream/batch-codec.ts';
import { trafficBatch } from '../support/traffic.ts';
import { type Harness, withServer } from './harness.ts';

const START_MICROS = 1_767_225_600_000_000;

function records(count: number, from = 0) {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: START_MICROS / 1e6 + (from + index) / 1000,
    src_ip: '198.51.100.7',
    dst_ip: '10.0.0.1',
    protocol: 'TCP',
    length: 60,
    src_port: 40_000 + index,
    dst_port: 443,
    tcp_flags: 'SYN',
  }));
}

function arrow(sequence: number, sensorId = 'lab', packets = 500): Uint8Array<ArrayBuffer> {
  const batch = trafficBatch({ packets, startMicros: START_MICROS + sequence * 1e6, sensorId });
  return Uint8Array.from(encodeBatch(batch.packets, { sensorId, epoch: 'e1', sequence }));
}

async function storedPackets({ db }: Harness): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM raw_packets');
  return row?.count ?? -1;
}

describe('JSON records', () => {
  it("are stored under the key's name", () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'office');
      for (const from of [0, 10]) {
        const response = await server.call('POST', '/ingest_packets', {
          key,
          json: records(10, from),
        });
        expect(await response.json()).toEqual({
          status: 'success',
          packets_received: 10,
          message: '10 packets stored',
        });
      }
      expect(await server.db.query('SELECT sensor_id, packets FROM sensors')).toEqual([
        { sensor_id: 'office', packets: 20 },
      ]);
      const metrics = await server.services.metrics.registry.metrics();
      expect(metrics).toContain('phantomnet_ingest_packets_total{format="json"} 20');
    }));

  it('with one broken record are refused whole, with its index and field', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor');
      for (const [field, value] of [
        ['src_ip', '198.51.100'],
        ['dst_port', 70_000],
        ['timestamp', 'now'],
        ['http_path', 'a\0b'],
      ] as const) {
        const json = records(20).map((record, index) =>
          index === 17 ? { ...record, [field]: value } : record,
        );
        const response = await server.call('POST', '/ingest_packets', { key, json });
        const problem = Problem.parse(await response.json());
        expect([response.status, problem.errors?.[0]?.pointer]).toEqual([400, `#/17/${field}`]);
        expect(problem.detail).toContain(`#/17/${field}`);
      }
      expect(await storedPackets(server)).toBe(0);
    }));

  it('that are no array of records are refused', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor');
      for (const json of [{ packets: [] }, 'x', [1], [[]], null]) {
        const response = await server.call('POST', '/ingest_packets', { key, json });
        expect([json, response.status]).toEqual([json, 400]);
      }
      const empty = await server.call('POST', '/ingest_packets', { key, json: [] });
      expect((await empty.json()).packets_received).toBe(0);
    }));

  it('sent again with the same Idempotency-Key are stored once', () =>
    withServer(async (server) => {
      const request = {
        key: await server.keyOf('sensor'),
        json: records(10),
        headers: { 'idempotency-key': 'batch-1' },
      };
      const first = await server.call('POST', '/ingest_packets', request);
      const second = await server.call('POST', '/ingest_packets', request);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect((await second.json()).message).toBe('Stored before, nothing changed');
      const other = { ...request, json: records(11) };
      expect((await server.call('POST', '/ingest_packets', other)).status).toBe(409);
      expect(await storedPackets(server)).toBe(10);
    }));

  it('are known again by their key at another server, and after a restart', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor');
      const body = JSON.stringify(records(10));
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': 'batch-1',
        authorization: `Bearer ${key}`,
      };
      const other = createApp(server.services, {
        https: false,
        hostNames: ['*'],
        webRoot: '/none',
      });
      const messages: string[] = [];
      for (const app of [server.app, other, other]) {
        const answer = await app.request('/ingest_packets', { method: 'POST', headers, body });
        messages.push(((await answer.json()) as { message: string }).message);
      }
      const known = 'Stored before, nothing changed';
      expect(messages).toEqual(['10 packets stored', known, known]);
      expect(await storedPackets(server)).toBe(10);
    }));

  it('above 8 MiB are too large, and so are too many of them', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor');
      const headers = { 'content-type': 'application/json' };
      const long = `[${' '.repeat(8 * 1024 * 1024)}]`;
      const many = `[${'0,'.repeat(50_000)}0]`;
      for (const body of [long, many]) {
        const response = await server.call('POST', '/ingest_packets', { key, headers, body });
        expect(response.status).toBe(413);
      }
    }));
});

describe('an Arrow batch', () => {
  it('is stored once, whatever is sent again', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'lab');
      const headers = { 'content-type': BATCH_CONTENT_TYPE };
      const answers = [];
      for (const sequence of [0, 1, 1, 0]) {
        const body = arrow(sequence);
        const response = await server.call('POST', '/ingest_packets', { key, headers, body });
        answers.push(await response.json());
      }
      expect(answers.map(({ message }) => message)).toEqual([
        '500 packets stored',
        '500 packets stored',
        'Stored before, nothing changed',
        'Stored before, nothing changed',
      ]);
      expect(await storedPackets(server)).toBe(1000);
    }));

  it('of the first and the last moment that there is, is stored, and so is the next', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'lab');
      for (const [sequence, tsMicros] of [0, LAST_MICROS, START_MICROS].entries()) {
        const { packets } = trafficBatch({
          packets: 10,
          startMicros: START_MICROS,
          sensorId: 'lab',
        });
        packets.tsMicros.fill(tsMicros, 0, packets.length);
        const body = Uint8Array.from(
          encodeBatch(packets, { sensorId: 'lab', epoch: 'e', sequence }),
        );
        const response = await server.call('POST', '/ingest_packets', {
          key,
          body,
          headers: { 'content-type': BATCH_CONTENT_TYPE },
        });
        expect([sequence, response.status]).toEqual([sequence, 200]);
      }
      expect(await storedPackets(server)).toBe(30);
    }));

  it('of another sensor is refused: a key speaks for the sensor whose name it bears', () =>
    withServer(async (server) => {
      const response = await server.call('POST', '/ingest_packets', {
        key: await server.keyOf('sensor', 'office'),
        headers: { 'content-type': BATCH_CONTENT_TYPE },
        body: arrow(0, 'lab'),
      });
      expect([response.status, (await response.json()).detail]).toEqual([
        403,
        expect.stringContaining('office'),
      ]);
      expect(await storedPackets(server)).toBe(0);
    }));

  it('that is damaged anywhere is refused or stored, and never a failure of the server', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'lab');
      const headers = { 'content-type': BATCH_CONTENT_TYPE };
      const whole = arrow(0);
      const statuses = new Set<number>();
      for (let cut = 0; cut < whole.length; cut += Math.ceil(whole.length / 40)) {
        const flipped = whole.slice();
        flipped[cut] = (flipped[cut] ?? 0) ^ 0x55;
        for (const body of [whole.slice(0, cut), flipped]) {
          const response = await server.call('POST', '/ingest_packets', { key, headers, body });
          statuses.add(response.status);
        }
      }
      expect([...statuses].filter((status) => status >= 500)).toEqual([]);
      expect(statuses).toContain(400);
    }));
});

describe('beside a batch', () => {
  const deliver = (server: Harness, key: string, sequence: number, headers = {}) =>
    server.call('POST', '/ingest_packets', {
      key,
      body: arrow(sequence),
      headers: { 'content-type': BATCH_CONTENT_TYPE, ...headers },
    });
  const sensors = async (server: Harness) =>
    SensorList.parse(
      await (
        await server.call('GET', '/api/v1/sensors', { key: await server.keyOf('viewer') })
      ).json(),
    ).sensors;

  it('a sensor tells its clock: its skew is shown, and said once when it is too much', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'lab');
      const skewMs = 90_000;
      let before = '';
      for (const sequence of [0, 1, 2]) {
        const sentMs = Date.now() + skewMs;
        const response = await deliver(server, key, sequence, {
          'phantomnet-clock': `${sentMs}${before}`,
        });
        const answer = response.headers.get('phantomnet-clock');
        expect(answer).toMatch(/^\d{13} \d{13}$/);
        before = ` ${sentMs} ${answer} ${Date.now() + skewMs}`;
      }
      const [lab] = await sensors(server);
      expect(lab?.clock_skew_s).toBeGreaterThan(89);
      expect(lab?.clock_skew_s).toBeLessThan(91);
      const metrics = await server.services.metrics.registry.metrics();
      expect(metrics).toMatch(/phantomnet_sensor_clock_skew_seconds\{sensor="lab"\} (89|90)/);
      const said = server.logged().filter(({ msg }) => String(msg).includes('clock'));
      expect(said).toMatchObject([{ sensor: 'lab', level: 40 }]);
      const [first] = await server.db.query<{ at: number }>(
        'SELECT min(timestamp) AS at FROM raw_packets',
      );
      expect(first?.at).toBe(START_MICROS / 1e6);
    }));

  it('a sensor tells what it lost, which is added up', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', 'lab');
      await deliver(server, key, 0);
      expect(await sensors(server)).toMatchObject([{ lost_packets: 0, clock_skew_s: null }]);
      for (const [sequence, lost] of [
        [3, '700'],
        [4, 'many'],
        [7, '50'],
      ] as const)
        await deliver(server, key, sequence, { 'phantomnet-lost-packets': lost });
      expect(await sensors(server)).toMatchObject([{ lost_packets: 750 }]);
    }));
});

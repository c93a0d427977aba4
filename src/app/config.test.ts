import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectionLimits, readConfig, retentionLimits } from './config.ts';

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'phantomnet-config-')), 'c.yaml');
  writeFileSync(path, text);
  return path;
}

describe('readConfig', () => {
  it('takes the defaults without a file, and for an empty one', () => {
    expect(readConfig(null).server).toMatchObject({ host: '127.0.0.1', port: 8000 });
    expect(readConfig(file(''))).toEqual(readConfig(null));
    expect(isAbsolute(readConfig(null).data_dir)).toBe(true);
  });

  it('changes one limit of one detector and leaves the others', () => {
    const limits = detectionLimits(readConfig(file('detection: { port_scan: { min_ports: 40 } }')));
    expect(limits.port_scan.min_ports).toBe(40);
    expect(limits.port_scan.min_targets).toBe(
      detectionLimits(readConfig(null)).port_scan.min_targets,
    );
  });

  it.each([
    ['server: { prt: 1 }', 'server.prt: there is no such key'],
    ['colour: red', 'colour: there is no such key'],
    ['server: { port: 70000 }', 'server.port: '],
    [
      'detection: { port_scan: { min_port: 1 } }',
      'detection.port_scan.min_port: there is no such key',
    ],
    ['detection: { syn_flood: { min_rate: -1 } }', 'detection.syn_flood.min_rate: '],
    [
      'capture: { filter: tcp porty 80 }',
      'capture.filter: Cannot use the capture filter: "porty" at character 5',
    ],
    ['capture: { workers: 0 }', 'capture.workers: '],
    ['capture: { method: pcap }', 'capture.method: '],
    ['database: { shards: ["postgres://b/p"] }', 'database.shards: database.url'],
    [
      'database: { url: "postgres://a/p", shards: ["postgres://a/p"] }',
      'database.shards: each database may be named once',
    ],
    ['a: [', 'Cannot read'],
  ])('names what is wrong in %s', (text, message) => {
    const path = file(text);
    expect(() => readConfig(path)).toThrow(message);
    expect(() => readConfig(path)).toThrow(path);
  });

  it('names a file that is not there', () => {
    expect(() => readConfig('/nowhere/c.yaml')).toThrow('Cannot read /nowhere/c.yaml');
  });

  it('turns retention into bytes and days', () => {
    expect(
      retentionLimits(readConfig(file('retention: { max_bytes: 1000000, packet_hours: 2 }'))),
    ).toMatchObject({ maxBytes: 1_000_000, packetHours: 2 });
  });
});

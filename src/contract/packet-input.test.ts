import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PacketInput } from './packet-input.ts';
import { PACKET_COLUMNS } from './packet-record.ts';

describe('PacketInput', () => {
  it('knows every column of the catalogue, and no other', () => {
    expect(Object.keys(PacketInput.shape)).toEqual(PACKET_COLUMNS.map(({ name }) => name));
  });

  it('asks for a timestamp only, and takes null for what is absent', () => {
    const nulls = Object.fromEntries(PACKET_COLUMNS.map(({ name }) => [name, null]));
    expect(PacketInput.safeParse({ timestamp: 1.5 }).success).toBe(true);
    expect(PacketInput.safeParse({ ...nulls, timestamp: 1.5 }).success).toBe(true);
    expect(PacketInput.safeParse({ ...nulls }).success).toBe(false);
  });

  it('drops what it does not know', () => {
    expect(PacketInput.parse({ timestamp: 1, summary: 'x' })).toEqual({ timestamp: 1 });
  });

  it('takes a status as text or number', () => {
    expect(PacketInput.parse({ timestamp: 1, http_status_code: 404 }).http_status_code).toBe('404');
    expect(PacketInput.parse({ timestamp: 1, http_status_code: '404' }).http_status_code).toBe(
      '404',
    );
  });

  it.each([
    ['timestamp', { timestamp: 'now' }],
    ['timestamp', { timestamp: -1 }],
    ['src_port', { src_port: 70_000 }],
    ['src_port', { src_port: 1.5 }],
    ['src_ip', { src_ip: '1.2.3.999', dst_ip: '1.2.3.4' }],
    ['dst_ip', { src_ip: '1.2.3.4' }],
    ['src_ip', { dst_ip: '1.2.3.4' }],
    ['dst_ip', { src_ip: '1.2.3.4', dst_ip: '::1' }],
    ['tcp_flags', { tcp_flags: 'SYN,BAD' }],
    ['tcp_syn', { tcp_syn: 'yes' }],
    ['arp_hwsrc', { arp_hwsrc: 'aa:bb' }],
    ['http_path', { http_path: 'a'.repeat(2049) }],
    ['http_host', { http_host: 'a\0b' }],
    ['http_status_code', { http_status_code: '20x' }],
    ['payload_entropy', { payload_entropy: 9 }],
    ['ip_version', { ip_version: 5 }],
  ])('names record and field: %s', (field, part) => {
    const result = z.array(PacketInput).safeParse([{ timestamp: 1 }, { timestamp: 1, ...part }]);
    expect(result.error?.issues.map(({ path }) => path)).toEqual([[1, field]]);
  });
});

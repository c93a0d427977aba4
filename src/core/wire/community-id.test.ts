import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { communityId } from './community-id.ts';
import { appendRecord } from './from-record.ts';
import { decodeRecord, ipv4Frame } from './hex-frame.suite.ts';

describe('communityId', () => {
  it('is the same in both directions, and the one that other tools give', () => {
    const batch = new PacketBatch(2);
    const a = { src_ip: '128.232.110.120', src_port: 34855 };
    const b = { dst_ip: '66.35.250.204', dst_port: 80 };
    appendRecord(batch, { timestamp: 1, protocol: 'TCP', ...a, ...b });
    appendRecord(batch, {
      ...{ timestamp: 1, protocol: 'TCP', src_ip: b.dst_ip, dst_ip: a.src_ip },
      ...{ src_port: b.dst_port, dst_port: a.src_port },
    });
    expect(communityId(batch, 0)).toBe('1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
    expect(communityId(batch, 1)).toBe('1:LQU9qZlK+B5F3KDmev6m5PMibrg=');
    expect(communityId(batch, 0, 1)).not.toBe(communityId(batch, 0));
  });

  it('has none for packets without a flow', () => {
    expect(decodeRecord('020000000002 020000000001 88cc 0000').community_id).toBeNull();
    expect(
      decodeRecord(ipv4Frame(6, 'aabbccddaabbccdd', { fragment: '20b9' })).community_id,
    ).toBeNull();
  });
});

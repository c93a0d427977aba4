import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLabels } from './labels.ts';

const HEAD = 'start,end,src_ip,dst_ip,proto,dst_port,label,tool,technique,attack_id,match';
const HOSTS = 'name,ip,mac,role,inside\na,10.0.0.1,02:00,client,1\nb,198.51.100.1,02:01,web,0\n';

function labels(rows: string, head = HEAD, hosts = HOSTS) {
  const folder = mkdtempSync(join(tmpdir(), 'phantomnet-labels-'));
  writeFileSync(join(folder, 'labels.csv'), `${head}\n${rows}\n`);
  if (hosts) writeFileSync(join(folder, 'hosts.csv'), hosts);
  return readLabels(join(folder, 'labels.csv'));
}

const flow = {
  firstMicros: 150e6,
  srcIp: '198.51.100.9',
  dstIp: '10.0.0.1',
  proto: 'tcp',
  dstPort: 22,
};

describe('labels', () => {
  it('cover a conversation that starts in their time, in either direction', () => {
    const found = labels(
      '100,200,198.51.100.9,10.0.0.1,tcp,22,Brute_Force_SSH,hydra,T1110.001,t1,',
    );
    expect(found.of(flow)?.kind).toBe('Brute_Force');
    expect(found.of({ ...flow, srcIp: flow.dstIp, dstIp: flow.srcIp })?.kind).toBe('Brute_Force');
    expect(found.of({ ...flow, firstMicros: 201e6 })).toBeNull();
    expect(found.of({ ...flow, proto: 'udp' })).toBeNull();
    expect(found.of({ ...flow, dstPort: 23 })).toBeNull();
  });

  it('know any, several ports, hosts inside and addresses that are nobody’s', () => {
    expect(labels('100,200,*,*,*,*,Port_Scan,nmap,T1595.001,t1,').of(flow)?.kind).toBe('Port_Scan');
    expect(
      labels('100,200,198.51.100.9,LAN,tcp,22|445,Lateral_Scan,nmap,T1046,t1,').of(flow)?.kind,
    ).toBe('Lateral_Movement');
    const forged = labels('100,200,SPOOFED,10.0.0.1,tcp,*,SYN_Flood,hping3,T1499.001,t1,');
    expect(forged.of(flow)?.kind).toBe('SYN_Flood');
    expect(forged.of({ ...flow, srcIp: '198.51.100.1' })).toBeNull();
  });

  it('leave open what only a DNS name would tell', () => {
    const tunnel = labels(
      '100,200,10.0.0.1,10.0.0.2,udp,53,DNS_Tunnel,iodine,T1071.004,t1,dns.suffix=t.test',
    );
    const lookup = { ...flow, srcIp: '10.0.0.1', dstIp: '10.0.0.2', proto: 'udp', dstPort: 53 };
    expect(tunnel.of(lookup)).toBeNull();
    expect(tunnel.isAmbiguous(lookup)).toBe(true);
    expect(tunnel.isAmbiguous({ ...lookup, firstMicros: 201e6 })).toBe(false);
  });

  it.each([
    ['x,200,*,*,*,*,Port_Scan,nmap,T,t,', HEAD, /labels.csv: line 2: start is 'x'/],
    ['1,2,*,*,*,*,Sorcery,nmap,T,t,', HEAD, /line 2: 'Sorcery' is not an alert_type/],
    ['1,2,*,*', HEAD, /line 2 has 4 cells, not 11/],
    ['9,2,*,*,*,*,Port_Scan,nmap,T,t,', HEAD, /line 2: it ends before it starts/],
    ['1,2,10.0.0.999,*,*,*,Port_Scan,nmap,T,t,', HEAD, /line 2: src_ip is '10.0.0.999'/],
    ['1,2,*,*,*,22|x,Port_Scan,nmap,T,t,', HEAD, /line 2: dst_port is '22\|x'/],
    ['1,2,*,*,*,70000,Port_Scan,nmap,T,t,', HEAD, /line 2: dst_port is '70000'/],
    ['\n\n1,2,*,*', HEAD, /line 4 has 4 cells/],
    ['1,2,*,*,*,*,Port_Scan,"nmap",T,t,', HEAD, /line 2 has quotes/],
    ['', 'start,end', /there is no column 'src_ip'/],
  ])('name the file, the line and the cell of %s', (rows, head, message) => {
    expect(() => labels(rows, head)).toThrow(message);
  });
});

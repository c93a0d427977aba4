import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { dhcp } from './dhcp.ts';

const DISCOVER = message('01', '00000000', [
  option(53, '01'),
  option(12, ascii('laptop-7')),
  option(50, 'c0000264'),
  option(60, ascii('MSFT 5.0')),
  option(55, '01 03 06 0f'),
  option(81, `000000 ${ascii('laptop-7.example.com')}`),
]);
const ACK = message('02', 'c0000264', [
  option(53, '05'),
  option(54, 'c0000201'),
  option(51, '00000e10'),
  option(15, `${ascii('example.com')} 00`),
]);

describe('DHCP', () => {
  it('reads what a client says of itself', () => {
    expect(readPayload(dhcp, DISCOVER).detail).toEqual({
      client_mac: '02:00:00:00:00:07',
      type: 'discover',
      host_name: 'laptop-7',
      requested_ip: '192.0.2.100',
      vendor_class: 'MSFT 5.0',
      parameters: [1, 3, 6, 15],
      fqdn: 'laptop-7.example.com',
    });
  });

  it('reads what a server gives', () => {
    expect(readPayload(dhcp, ACK).detail).toEqual({
      client_mac: '02:00:00:00:00:07',
      assigned_ip: '192.0.2.100',
      type: 'ack',
      server_ip: '192.0.2.1',
      lease_seconds: 3600,
      domain: 'example.com',
    });
  });

  it('reads a qualified name in DNS’s form', () => {
    const hex = message('01', '00000000', [
      option(81, `050000 02 ${ascii('PC')} 02 ${ascii('de')} 00`),
    ]);
    expect(readPayload(dhcp, hex).detail).toMatchObject({ fqdn: 'pc.de' });
  });

  it('reads options that go on in the file field', () => {
    const file = `${option(12, ascii('spare'))} ff`;
    expect(
      readPayload(dhcp, message('01', '00000000', [option(52, '01')], file)).detail,
    ).toMatchObject({
      host_name: 'spare',
    });
  });

  it('says what the capture cut', () => {
    expect(readPayload(dhcp, DISCOVER, { cutBytes: 80 }).detail).toEqual({
      client_mac: '02:00:00:00:00:07',
      cut: true,
    });
  });

  it('takes nothing without the cookie', () => {
    expect(readPayload(dhcp, DISCOVER.replace('63825363', '63825364'))).toMatchObject({
      answer: NOT_MINE,
      detail: null,
    });
  });
});

appReaderSuite(dhcp, [DISCOVER, ACK]);

function message(operation: string, assigned: string, options: string[], file = ''): string {
  const fileField = file.replaceAll(' ', '').padEnd(256, '0');
  const header = `${operation} 01 06 00 12345678 0000 0000 00000000 ${assigned} 00000000 00000000`;
  return `${header} 020000000007 ${'00'.repeat(10 + 64)} ${fileField} 63825363 ${options.join(' ')} ff`;
}

function option(code: number, data: string): string {
  const bytes = data.replaceAll(' ', '').length / 2;
  return [code, bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') + data;
}

import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { dhcpv6 } from './dhcpv6.ts';

const FQDN = option(39, `00 03 ${ascii('pc7')} 07 ${ascii('example')} 00`);
const VENDOR = option(16, `00000137 0008 ${ascii('MSFT 5.0')}`);
const SOLICIT = `01 123456 ${option(8, '0000')} ${VENDOR} ${FQDN}`;
const RELAYED = `0c 00 ${'20'.repeat(32)} ${option(18, '61')} ${option(9, SOLICIT)}`;

describe('DHCPv6', () => {
  it('reads type, name and vendor class', () => {
    expect(readPayload(dhcpv6, SOLICIT).detail).toEqual({
      type: 'solicit',
      vendor_class: 'MSFT 5.0',
      fqdn: 'pc7.example',
    });
  });

  it('reads a name that is not qualified', () => {
    const hex = `03 123456 ${option(39, `00 03 ${ascii('pc7')}`)}`;
    expect(readPayload(dhcpv6, hex).detail).toEqual({ type: 'request', fqdn: 'pc7' });
  });

  it('reads the message that a relay passes on', () => {
    expect(readPayload(dhcpv6, RELAYED).detail).toMatchObject({
      type: 'relay_forward',
      relayed: 'solicit',
      fqdn: 'pc7.example',
    });
  });

  it('takes no other message', () => {
    expect(readPayload(dhcpv6, '00 123456')).toMatchObject({ answer: NOT_MINE, detail: null });
  });
});

appReaderSuite(dhcpv6, [SOLICIT, RELAYED]);

function option(code: number, data: string): string {
  return `${hex16(code)} ${hex16(bytesOf(data).length)} ${data}`;
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

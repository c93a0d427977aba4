/**
 * NTP (RFC 5905): version, mode and stratum; of control messages (RFC 9327) and of the private ones of ntpd the
 * operation, because these are asked for to flood others with the answers (monlist).
 */
import { formatIpv4 } from '../address.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import type { Span } from '../span.ts';

const MODES = [
  '',
  'symmetric_active',
  'symmetric_passive',
  'client',
  'server',
  'broadcast',
  'control',
  'private',
];
const CONTROL = 6;
const PRIVATE = 7;
const TIME_BYTES = 48;
const CONTROL_BYTES = 12;
const PRIVATE_BYTES = 8;
const REFERENCE = 12;
/** Strata above are not synchronised; 16 says just that. */
const MAX_STRATUM = 16;

const CONTROL_OPERATIONS = [
  ...['', 'read_status', 'read_variables', 'write_variables', 'read_clock', 'write_clock'],
  ...['set_trap', 'async', 'configure', 'save_config', 'read_mru', 'read_ordlist', 'nonce'],
];
const PRIVATE_REQUESTS = new Map([
  [0, 'peer_list'],
  [1, 'peer_list_sum'],
  [4, 'sys_info'],
  [5, 'sys_stats'],
  [16, 'reslist'],
  [20, 'monlist'],
  [42, 'monlist'],
]);

export const ntp: AppProtocol = {
  name: 'ntp',
  udpPorts: [123],
  createReader: () => new NtpReader(),
};

class NtpReader implements AppReader {
  readonly #detail = new DetailObject();

  read(payload: Span, row: AppRow): number {
    const { view, start, wireEnd } = payload;
    const first = view.getUint8(start);
    const version = (first >> 3) & 7;
    const mode = first & 7;
    const wireBytes = wireEnd - start;
    if (version === 0 || version > 4 || mode === 0 || wireBytes < smallest(mode)) return NOT_MINE;
    const detail = this.#detail;
    detail.begin();
    detail.number('version', version);
    detail.text('mode', MODES[mode]!);
    if (mode === CONTROL) this.#readControl(payload);
    else if (mode === PRIVATE) this.#readPrivate(payload);
    else this.#readTime(payload, row);
    detail.putInto(row);
    return READ;
  }

  #readTime({ view, bytes, start, end }: Span, row: AppRow): void {
    if (end - start < REFERENCE + 4) return;
    const stratum = view.getUint8(start + 1);
    this.#detail.number('stratum', stratum);
    const reference = start + REFERENCE;
    if (view.getUint32(reference) === 0 || stratum > MAX_STRATUM) return;
    // The clock's name, or a kiss code; above that the server that is followed (of IPv6 a hash of it).
    const hasName = stratum <= 1;
    let length = 4;
    while (length > 0 && bytes[reference + length - 1] === 0) length--;
    this.#detail.text(
      'reference',
      hasName
        ? row.text.read(bytes, reference, reference + length)
        : formatIpv4(view.getUint32(reference)),
    );
  }

  #readControl({ view, start, end }: Span): void {
    if (end - start < 2) return;
    const second = view.getUint8(start + 1);
    this.#tell(second, CONTROL_OPERATIONS[second & 0x1f] || `${second & 0x1f}`);
  }

  #readPrivate({ view, start, end }: Span): void {
    if (end - start < 4) return;
    const request = view.getUint8(start + 3);
    this.#tell(view.getUint8(start), PRIVATE_REQUESTS.get(request) ?? `${request}`);
  }

  /** `flags`: the byte whose highest bit says that the message is a response. */
  #tell(flags: number, operation: string): void {
    this.#detail.text('operation', operation);
    if ((flags & 0x80) !== 0) this.#detail.json('response', 'true');
  }
}

/** Bytes of the smallest message of a mode. */
function smallest(mode: number): number {
  if (mode === CONTROL) return CONTROL_BYTES;
  return mode === PRIVATE ? PRIVATE_BYTES : TIME_BYTES;
}

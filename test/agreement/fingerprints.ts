/** Fingerprints and server names in a capture: what we read, and what others published or read. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import { toRecord } from '../../src/core/wire/to-record.ts';
import { AppError } from '../../src/errors.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface Fingerprints {
  /** `tcp 192.0.2.1 51000 198.51.100.2 443`, from the client's side. */
  readonly connection: string;
  readonly sni: string | null;
  readonly ja4: string | null;
  readonly hassh: string | null;
  readonly hasshServer: string | null;
}

/** Of each packet that has one of them, as far as the file can be read. */
export async function fingerprintsOf(path: string): Promise<Fingerprints[]> {
  const found: Fingerprints[] = [];
  const batch = new PacketBatch(1);
  const decoder = new PacketDecoder();
  try {
    const source = await openCapture(path);
    await source.run((frame) => {
      batch.clear();
      const row = decoder.decode(frame, batch);
      const [sni, ja4] = [batch.tlsSni.get(row), batch.ja4.get(row)];
      const [hassh, hasshServer] = [batch.hassh.get(row), batch.hasshServer.get(row)];
      if ((sni ?? ja4 ?? hassh ?? hasshServer) === null) return;
      const { protocol, src_ip, src_port, dst_ip, dst_port } = toRecord(batch, row, null);
      const connection = connectionOf(protocol, src_ip, src_port, dst_ip, dst_port);
      found.push({ connection, sni, ja4, hassh, hasshServer });
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return found;
}

export function connectionOf(...parts: readonly (string | number | null | undefined)[]): string {
  return parts.join(' ').toLowerCase();
}

export interface TsharkNames {
  readonly sni: Set<string>;
  readonly hassh: Set<string>;
  readonly hasshServer: Set<string>;
}

/** All that tshark finds in the capture, joined over segments and decrypted; by value, as it counts rows otherwise. */
export async function namesByTshark(path: string): Promise<TsharkNames> {
  const fields = ['tls.handshake.extensions_server_name', 'ssh.kex.hassh', 'ssh.kex.hasshserver'];
  const options = [
    ['-n', '-r', path, '-Y', fields.join(' or '), '-T', 'fields'],
    ['-E', 'separator=|', '-E', 'occurrence=a', '-E', 'aggregator=;'],
    ...fields.map((field) => ['-e', field]),
  ].flat();
  const output = await run('tshark', options, { maxBuffer: MAX_OUTPUT_BYTES }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? '', // what stood before damage
  );
  const columns = output.split('\n').map((line) => line.split('|'));
  const valuesOf = (column: number) =>
    new Set(columns.flatMap((cells) => cells[column]?.split(';') ?? []).filter(Boolean));
  return { sni: valuesOf(0), hassh: valuesOf(1), hasshServer: valuesOf(2) };
}

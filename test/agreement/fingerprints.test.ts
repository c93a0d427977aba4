/**
 * JA4 against the values that FoxIO, Arkime and nDPI publish beside their captures; HASSH and server names
 * against tshark. The usual run asks tshark for every 16th capture and those with SSH; `PHANTOMNET_AGREEMENT=all`
 * for all whose name says TLS, QUIC or SSH.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectionOf, type Fingerprints, fingerprintsOf, namesByTshark } from './fingerprints.ts';
import { hasTshark } from './tshark.ts';

const DATA = resolve('../shared/data');
const FOLDER = `${DATA}/decode`;
const SAMPLE_STEP = 16;
const isMissing = !existsSync(`${DATA}/manifest.csv`);
const isAll = process.env.PHANTOMNET_AGREEMENT === 'all';
const why = isMissing ? ' (skipped: no captures under ../shared/data)' : '';

describe.skipIf(isMissing)(`JA4${why}`, () => {
  it("agrees with FoxIO's snapshots, connection by connection", async () => {
    const snapshots = `${FOLDER}/ja4/rust/ja4/src/snapshots`;
    let compared = 0;
    for (const file of readdirSync(snapshots)) {
      const capture = file.replace('ja4__insta@', '').replace('.snap', '');
      const published = foxioConnections(readFileSync(`${snapshots}/${file}`, 'utf8'));
      const ours = firstOfEach(await fingerprintsOf(`${FOLDER}/ja4/pcap/${capture}`));
      expect({ capture, values: ours }).toEqual({ capture, values: published });
      compared += published.size;
    }
    expect(compared).toBeGreaterThanOrEqual(27);
  }, 60_000);

  it("agrees with Arkime's sessions", async () => {
    const folder = `${FOLDER}/arkime/tests/pcap`;
    let compared = 0;
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.test'))) {
      const published = arkimeSessions(readFileSync(`${folder}/${file}`, 'utf8'));
      if (published.size === 0) continue;
      const ours = allOfEach(await fingerprintsOf(`${folder}/${file.replace('.test', '.pcap')}`));
      for (const [connection, values] of published)
        expect({ file, connection, values: ours.get(connection) }).toEqual({
          file,
          connection,
          values,
        });
      compared += published.size;
    }
    expect(compared).toBeGreaterThanOrEqual(30);
  }, 60_000);

  it("agrees with nDPI's flows where nDPI follows the specification", async () => {
    const folder = `${FOLDER}/ndpi/tests/cfgs/default`;
    const differences: string[] = [];
    let compared = 0;
    for (const file of readdirSync(`${folder}/result`)) {
      const published = ndpiFlows(readFileSync(`${folder}/result/${file}`, 'utf8'));
      if (published.length === 0 || KNOWN_TO_DIFFER_FROM_NDPI.has(file)) continue;
      const found = await fingerprintsOf(`${folder}/pcap/${file.replace(/\.out$/, '')}`);
      const ours = new Set(found.map(({ ja4 }) => ja4 && likeNdpi(ja4)));
      for (const ja4 of published) if (!ours.has(likeNdpi(ja4))) differences.push(`${file} ${ja4}`);
      compared += published.length;
    }
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(400);
  }, 120_000);
});

describe.skipIf(isMissing || !(await hasTshark()))('server names and HASSH', () => {
  it('agree with tshark', async () => {
    const differences: string[] = [];
    const compared = { sni: 0, hassh: 0, hasshServer: 0 };
    for (const file of capturesByName()) {
      const found = await fingerprintsOf(`${DATA}/${file}`);
      const theirs = await namesByTshark(`${DATA}/${file}`);
      for (const column of ['sni', 'hassh', 'hasshServer'] as const) {
        const ours = new Set(found.map((one) => one[column]).filter((value) => value !== null));
        compared[column] += theirs[column].size;
        const missing = [...theirs[column]].filter((value) => !ours.has(value));
        const added = [...ours].filter((value) => !theirs[column].has(value));
        if (missing.length + added.length > 0)
          differences.push(`${file} ${column}: missing ${missing}, added ${added}`);
      }
    }
    const unexplained = differences.filter(
      (text) => !EXPLAINED.some(([start]) => text.startsWith(start)),
    );
    expect(unexplained).toEqual([]);
    if (isAll) expect(differences).toHaveLength(EXPLAINED.length);
    expect(compared.sni).toBeGreaterThan(isAll ? 60 : 4);
    expect(Math.min(compared.hassh, compared.hasshServer)).toBeGreaterThan(3);
  }, 900_000);
});

/** What differs from tshark, and why. */
const EXPLAINED: readonly (readonly [start: string, reason: string])[] = [
  ['decode/tcpdump/tests/quic_vn.pcap sni', 'after a negotiation of versions tshark opens nothing'],
  ...['hassh:', 'hasshServer:'].flatMap((column) => [
    [
      `decode/zeek/testing/btest/Traces/ssh/kex-quadratic-1000.pcap.gz ${column}`,
      'lists of more than the 16 KiB that are joined',
    ] as const,
    [
      `decode/zeek/testing/btest/Traces/ssh/ssh_kex_mlkem.pcap ${column}`,
      'another port than 22, where tshark does not look',
    ] as const,
    [
      `decode/zeek/testing/btest/Traces/ssl-and-ssh-using-sslh.pcap ${column}`,
      'another port than 22, where tshark does not look',
    ] as const,
  ]),
];

/** CAPWAP is a tunnel that we do not open; nDPI calls the version of early OpenSSL SSL 3. */
const KNOWN_TO_DIFFER_FROM_NDPI = new Set([
  'capwap_data.pcapng.out',
  'dtls_old_version.pcapng.out',
]);

/**
 * Without what nDPI (of 2024) tells otherwise than the specification: `d` and `i` by any name that it knows of
 * the server, the last character of ALPN by a fixed place, the digest of nothing for no extensions.
 */
function likeNdpi(ja4: string): string {
  const [head = '', ciphers, extensions] = ja4.split('_');
  const rest = extensions === 'e3b0c44298fc' ? '000000000000' : extensions;
  return `${head.slice(0, 3)}${head.slice(4, 9)}_${ciphers}_${rest}`;
}

function capturesByName(): string[] {
  const named = readFileSync(`${DATA}/manifest.csv`, 'utf8')
    .split('\n')
    .map((line) => line.split(',')[0] ?? '')
    .filter((path) => path.startsWith('decode/') && /tls|ssl|https|quic|ssh|ja4|sni/i.test(path));
  return isAll ? named : named.filter((path, i) => i % SAMPLE_STEP === 0 || path.includes('/ssh'));
}

/** FoxIO tells the first hello of a connection: fingerprint and server name. */
function firstOfEach(found: readonly Fingerprints[]): Map<string, string> {
  const first = new Map<string, string>();
  for (const { connection, ja4, sni } of found)
    if (ja4 !== null && !first.has(connection)) first.set(connection, `${ja4} ${sni}`);
  return first;
}

function foxioConnections(yaml: string): Map<string, string> {
  const connections = new Map<string, string>();
  for (const stream of yaml.split(/\n(?=- stream)/)) {
    const of = (key: string) => new RegExp(`^ {2}${key}: (.*)$`, 'm').exec(stream)?.[1];
    const ja4 = of('ja4');
    if (ja4 === undefined) continue;
    const ends = [of('src'), of('src_port'), of('dst'), of('dst_port')];
    connections.set(
      connectionOf(of('transport'), ...ends),
      `${ja4} ${of('tls_server_name') ?? null}`,
    );
  }
  return connections;
}

function allOfEach(found: readonly Fingerprints[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const { connection, ja4 } of found) {
    if (ja4 === null) continue;
    const key = connection.slice(connection.indexOf(' ') + 1);
    all.set(key, [...new Set([...(all.get(key) ?? []), ja4])].sort());
  }
  return all;
}

interface ArkimeEnd {
  readonly ip: string;
  readonly port: number;
}

interface ArkimeFile {
  readonly sessions3: readonly {
    readonly body: { source: ArkimeEnd; destination: ArkimeEnd; tls?: { ja4?: string[] } };
  }[];
}

function arkimeSessions(json: string): Map<string, string[]> {
  const sessions = new Map<string, string[]>();
  for (const { body } of (JSON.parse(json) as ArkimeFile).sessions3 ?? []) {
    const { source, destination, tls } = body;
    if (tls?.ja4 === undefined) continue;
    const key = connectionOf(source.ip, source.port, destination.ip, destination.port);
    sessions.set(key, tls.ja4.toSorted());
  }
  return sessions;
}

function ndpiFlows(text: string): string[] {
  return [...text.matchAll(/\[JA4: ([^\]]+)\]/g)].map(([, ja4 = '']) => ja4);
}

/**
 * The ground truth of a capture: `start,end,src_ip,dst_ip,proto,dst_port,label,tool,technique`, epoch
 * seconds, `*` is any, and what no row covers is benign. Two more columns are understood where they
 * stand: `attack_id`, and `match` with `dns.suffix=X` (the row holds only for names below X). Besides
 * addresses, `LAN` means a host listed as inside and `SPOOFED` one that is not listed at all, both by
 * the `hosts.csv` beside the labels. `dst_port` may be several, joined by `|`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ALERT_KIND_NAMES, type AlertKind } from '../contract/alert-kinds.ts';
import { canonicalAddress } from '../core/response/address.ts';
import { AppError, fileTrouble } from '../errors.ts';

export interface LabelRow {
  readonly startMicros: number;
  readonly endMicros: number;
  readonly srcIp: string;
  readonly dstIp: string;
  /** Lower-case: tcp, udp, icmp, arp or `*`. */
  readonly proto: string;
  readonly dstPorts: readonly number[] | null;
  readonly kind: AlertKind;
  /** As it stands in the file. */
  readonly label: string;
  readonly tool: string;
  readonly dnsSuffix: string | null;
  /** Rows of one attack (decoys, a second victim) have the same; null: the row is one by itself. */
  readonly attackId: string | null;
}

/** What a label is compared with: a flow, or the pair of hosts an alert names. */
export interface Labelled {
  readonly firstMicros: number;
  readonly srcIp: string;
  readonly dstIp: string;
  /** Lower-case. */
  readonly proto: string;
  readonly dstPort: number;
}

/** The names that captures use for kinds of the contract. */
const KIND_OF: Record<string, AlertKind> = {
  Brute_Force_SSH: 'Brute_Force',
  Brute_Force_FTP: 'Brute_Force',
  Brute_Force_HTTP: 'Brute_Force',
  Slow_Scan: 'Port_Scan',
  Lateral_Scan: 'Lateral_Movement',
  DNS_Amplification: 'Amplification',
  ACK_Flood: 'SYN_Flood',
  DoS_Land: 'SYN_Flood',
};

const HEADER = [
  'start',
  'end',
  'src_ip',
  'dst_ip',
  'proto',
  'dst_port',
  'label',
  'tool',
  'technique',
];

export class Labels {
  readonly rows: readonly LabelRow[];
  readonly #inside: ReadonlySet<string>;
  readonly #listed: ReadonlySet<string>;

  constructor(
    rows: readonly LabelRow[],
    hosts: { inside: Iterable<string>; all: Iterable<string> },
  ) {
    this.rows = rows;
    this.#inside = new Set(hosts.inside);
    this.#listed = new Set(hosts.all);
  }

  /** The row that covers a conversation, by its first packet and in either direction; null: benign. */
  of(flow: Labelled): LabelRow | null {
    for (const row of this.rows) {
      if (flow.firstMicros < row.startMicros || flow.firstMicros > row.endMicros) continue;
      if (row.dnsSuffix !== null) continue;
      if (row.proto !== '*' && row.proto !== flow.proto && `${row.proto}v6` !== flow.proto)
        continue;
      if (row.dstPorts !== null && !row.dstPorts.includes(flow.dstPort)) continue;
      if (this.#covers(row, flow.srcIp, flow.dstIp) || this.#covers(row, flow.dstIp, flow.srcIp))
        return row;
    }
    return null;
  }

  /** A row that holds only for some DNS names lies between these hosts: the flow alone does not tell. */
  isAmbiguous(flow: Labelled): boolean {
    return this.rows.some(
      (row) =>
        row.dnsSuffix !== null &&
        flow.firstMicros >= row.startMicros &&
        flow.firstMicros <= row.endMicros &&
        (row.dstPorts === null || row.dstPorts.includes(flow.dstPort)) &&
        this.#covers(row, flow.srcIp, flow.dstIp),
    );
  }

  /** True if `ip` is what the cell says: an address, `*`, `LAN` or `SPOOFED`. */
  matches(cell: string, ip: string): boolean {
    if (cell === '*' || cell === ip) return true;
    if (cell === 'LAN') return this.#inside.has(ip);
    return cell === 'SPOOFED' && !this.#listed.has(ip);
  }

  #covers(row: LabelRow, source: string, target: string): boolean {
    return this.matches(row.srcIp, source) && this.matches(row.dstIp, target);
  }
}

/** @throws AppError `input_invalid` naming the file, the line and the cell. */
export function readLabels(path: string): Labels {
  const rows = readCsv(path, HEADER).map(({ row, where }) => parseRow(row, where));
  const hostsPath = join(dirname(path), 'hosts.csv');
  const listed = existsSync(hostsPath) ? readCsv(hostsPath, ['ip', 'inside']) : [];
  return new Labels(rows, {
    inside: listed.filter(({ row }) => row.inside === '1').map(({ row }) => row.ip ?? ''),
    all: listed.map(({ row }) => row.ip ?? ''),
  });
}

/** No attack anywhere: for captures that are benign throughout. */
export const ALL_BENIGN = new Labels([], { inside: [], all: [] });

function parseRow(cells: Record<string, string>, where: string): LabelRow {
  const label = cells.label ?? '';
  const kind = KIND_OF[label] ?? ALERT_KIND_NAMES.find((name) => name === label);
  if (!kind) throw new AppError('input_invalid', `${where}: '${label}' is not an alert_type`);
  const match = cells.match ?? '';
  const start = seconds(cells.start, `${where}: start`);
  const end = seconds(cells.end, `${where}: end`);
  if (end < start) throw new AppError('input_invalid', `${where}: it ends before it starts`);
  return {
    startMicros: start * 1e6,
    endMicros: end * 1e6,
    srcIp: hosts(cells.src_ip, `${where}: src_ip`),
    dstIp: hosts(cells.dst_ip, `${where}: dst_ip`),
    proto: (cells.proto ?? '*').toLowerCase(),
    dstPorts: ports(cells.dst_port, `${where}: dst_port`),
    kind,
    label,
    tool: cells.tool ?? '',
    dnsSuffix: match.startsWith('dns.suffix=') ? match.slice('dns.suffix='.length) : null,
    attackId: cells.attack_id || null,
  };
}

function seconds(cell: string | undefined, where: string): number {
  const value = Number(cell);
  if (cell === undefined || cell === '' || !Number.isFinite(value))
    throw new AppError('input_invalid', `${where} is '${cell ?? ''}', not a number of seconds`);
  return value;
}

function hosts(cell = '', where: string): string {
  if (cell === '*' || cell === 'LAN' || cell === 'SPOOFED') return cell;
  const ip = canonicalAddress(cell);
  if (ip === null)
    throw new AppError('input_invalid', `${where} is '${cell}', not an address, *, LAN or SPOOFED`);
  return ip;
}

function ports(cell = '', where: string): number[] | null {
  if (cell === '*') return null;
  const numbers = cell
    .split('|')
    .map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : Number.NaN));
  if (numbers.every((port) => port <= 65_535)) return numbers;
  throw new AppError('input_invalid', `${where} is '${cell}', not * or ports joined by |`);
}

/** Cells hold no quotes or commas in these files, and a file that has them is refused. */
function readCsv(
  path: string,
  required: readonly string[],
): { row: Record<string, string>; where: string }[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
  const [head = '', ...lines] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const names = head.split(',');
  const missing = required.find((name) => !names.includes(name));
  if (missing) throw new AppError('input_invalid', `${path}: there is no column '${missing}'`);
  return lines.flatMap((line, at) => {
    if (line === '') return [];
    const where = `${path}: line ${at + 2}`;
    const cells = line.split(',');
    if (cells.length !== names.length)
      throw new AppError(
        'input_invalid',
        `${where} has ${cells.length} cells, not ${names.length}`,
      );
    if (line.includes('"')) throw new AppError('input_invalid', `${where} has quotes`);
    const row = Object.fromEntries(names.map((name, column) => [name, cells[column] ?? '']));
    return [{ row, where }];
  });
}

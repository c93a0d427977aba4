/** The pages under docs/ that are written by the code: catalogues that must say what the code does. A test compares. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { Config } from '../src/app/config.ts';
import { ALERT_KINDS } from '../src/contract/alert-kinds.ts';
import { SKETCHED_FEATURES, scopesOf, WINDOW_FEATURES } from '../src/contract/features.ts';
import { PACKET_COLUMNS, VERDICT_COLUMNS } from '../src/contract/packet-record.ts';
import { DETECTION_DEFAULTS } from '../src/core/detection/detection-limits.ts';
import { EXACT_LIMIT } from '../src/core/features/distinct-counts.ts';
import { FLOW_FEATURES } from '../src/core/features/flow-vector.ts';
import { SKETCH_ERROR } from '../src/core/features/hyper-log-log.ts';
import { WINDOW_LIMITS } from '../src/core/features/window-state.ts';
import { decodeModels } from '../src/core/models/model-file.ts';
import { ANOMALIES } from '../src/core/wire/anomalies.ts';
import { LINK_TYPES } from '../src/core/wire/link-layer.ts';
import { APP_PROTOCOLS } from '../src/core/wire/protocols.ts';
import { TUNNELS } from '../src/core/wire/tunnels.ts';
import { AppError, ERROR_CODES } from '../src/errors.ts';
import { modelCard } from '../src/workshop/model-card.ts';

const WRITTEN = 'Written by `npm run docs`; do not edit.';

/** Path to content. */
export function docPages(): Record<string, string> {
  return {
    'docs/features.md': features(),
    'docs/columns.md': columns(),
    'docs/decoding.md': decoding(),
    'docs/alerts.md': alerts(),
    'docs/errors.md': errors(),
    'docs/models.md': models(),
    'config.example.yaml': exampleConfig(),
  };
}

function features(): string {
  const rows = (list: readonly { name: string; unit: string; doc: string }[]) =>
    table(
      ['feature', 'unit', 'meaning'],
      list.map(({ name, unit, doc }) => [`\`${name}\``, unit, doc]),
    );
  return page('Features', [
    "Of every window of 5, 30 and 180 s, for the network (N), each source (S) and each target (T). Rates divide by the window's length.",
    'Of a source: what it sends, and what its text says it receives. Of a target: what it receives, and what it answers where a ratio needs it. The exact rules for each scope stand at the top of `src/core/features/window-state.ts`.',
    table(
      ['feature', 'unit', 'of', 'counted', 'meaning'],
      WINDOW_FEATURES.map((feature) => [
        `\`${feature.name}\``,
        feature.unit,
        scopesOf(feature)
          .map((scope) => scope.slice(0, 1).toUpperCase())
          .join(' '),
        SKETCHED_FEATURES.has(feature.name) ? `exact to ${thousands(EXACT_LIMIT)}` : 'exact',
        feature.doc,
      ]),
    ),
    '## Exact, or how nearly',
    'Windows of 30 and 180 s are merged from parts of 5 s. Parts merge in any order and grouping to what one window over all their packets would have been, however the packets were shared out: by time, one by one, by pair of addresses among workers (all ARP to one of them), by sensor. Tests hold every feature of every row to that, and its completeness with it.',
    `Distinct addresses, probes and names are exact up to ${thousands(EXACT_LIMIT)} in one row, above it a HyperLogLog: standard error ${percent(SKETCH_ERROR.standard)}, and of 320 sets of 4,097 to 150,000 values the test finds none off by ${percent(SKETCH_ERROR.tested)} and no bias above 0.3 %. Sketches of parts merge to that of the whole, so their estimate is the same too. Distinct ports, record types and ARP claims stay exact.`,
    `Everything is exact while a window has at most ${thousands(WINDOW_LIMITS.maxEntities)} addresses, ${thousands(WINDOW_LIMITS.maxConnections)} flows and ${thousands(WINDOW_LIMITS.maxFacts)} distinct values over all rows. What finds no room lowers the completeness of the window.`,
    `With more addresses the heaviest have the rows; the network's row counts them all. An address without one is let in when it leads its bucket among those that wait with two votes or more and one of eight rows looked at weighs less than that: at its third packet, where nobody else is in its bucket. A row counts from its beginning on, never too much; its completeness is packets counted over those and an upper bound of the missed ones. After 300,000 made-up sources in 5 s the test finds the rows of all 50 hosts that begin then, each with at least 17 of the 20 packets sent and the 20 received, no completeness higher than is true, and the rows of target and network exact.`,
    '## Completeness',
    'Of every row, 0 to 1: packets counted over those and the ones known to be lost. Lost are those that the kernel dropped, that the sensor gave up before they could be delivered (it tells how many; after a restart of the sensor the mean of its batches is taken for each missing one), that came too late, whose flow or connection was evicted or had no room, distinct values that had none, and for sources and targets packets of before the row began.',
    '## Of conversations',
    'What the flow forest sees. No addresses, no port numbers, no absolute time: models must not learn who, only how.',
    rows(FLOW_FEATURES),
  ]);
}

function columns(): string {
  const rows = (list: readonly { name: string; sql: string; doc: string }[]) =>
    table(
      ['column', 'type', 'meaning'],
      list.map(({ name, sql, doc }) => [`\`${name}\``, sql, doc]),
    );
  return page('Packet columns', [
    'The 33 columns of the contract in their order, then those kept beside them. Null where a column does not apply.',
    rows(PACKET_COLUMNS),
    '## The verdict',
    'Null until something has judged the packet.',
    rows(VERDICT_COLUMNS),
  ]);
}

function decoding(): string {
  const list = (numbers: readonly number[] | undefined) => numbers?.join(', ') ?? '';
  return page('What is decoded', [
    'From the link layer to the application, each packet into one row of [the packet columns](columns.md). How to add a protocol or a tunnel stands in [CONTRIBUTING.md](../CONTRIBUTING.md).',
    '## Link types',
    'By LINKTYPE_ number; above any of them VLAN, QinQ and VN tags, Cisco metadata, MACsec that only signs (what it encrypts stays unread), MPLS labels, PPPoE, LLC/SNAP, FabricPath and NSH. Frames of another type are a clear error.',
    table(
      ['number', 'link type'],
      LINK_TYPES.map(({ number, name }) => [String(number), name]),
    ),
    '## Tunnels',
    'The row tells the packet inside; `tunnel`, `outer_src_ip` and `outer_dst_ip` tell what it came in. What is inside a tunnel never proves its sender ([why](decisions/0005-inside-tunnels.md)).',
    table(
      ['tunnel', 'IP protocol', 'UDP port'],
      TUNNELS.map(({ name, ipProtocols, udpPorts }) => [name, list(ipProtocols), list(udpPorts)]),
    ),
    '## Application protocols',
    'Named in `app_protocol`, with what has no column of its own in `app_detail`. Looked for on the ports below and, where the last column says so, by the first bytes on any port.',
    table(
      ['protocol', 'TCP port', 'UDP port', 'on any port'],
      APP_PROTOCOLS.map(({ name, tcpPorts, udpPorts, tcpFirstBytes, udpFirstBytes }) => [
        name,
        list(tcpPorts),
        list(udpPorts),
        [tcpFirstBytes && 'TCP', udpFirstBytes && 'UDP'].filter(Boolean).join(', '),
      ]),
    ),
    '## Anomalies',
    'Names in the column `anomaly`; the first one met on the way up wins. `/metrics` counts them.',
    table(
      ['anomaly', 'meaning'],
      Object.entries(ANOMALIES).map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
  ]);
}

function alerts(): string {
  const limits = Object.entries(DETECTION_DEFAULTS).flatMap(([section, values]) =>
    Object.entries(values).map(([name, value]) => [`\`${section}.${name}\``, String(value)]),
  );
  return page('Alerts', [
    'One attack is one alert that grows. Severity comes from the kind, confidence from the evidence. From 0.5 on a finding is an alert, from 0.8 on a block is asked for, if a completed handshake proves the source and it is not protected.',
    table(
      ['alert_type', 'ATT&CK'],
      Object.entries(ALERT_KINDS).map(([kind, techniques]) => [
        kind,
        techniques.join(', ') || 'none',
      ]),
    ),
    '## Limits',
    'Each may be changed under `detection` in the configuration. What they mean stands beside them in `src/core/detection/detectors/`.',
    table(['limit', 'default'], limits),
  ]);
}

function errors(): string {
  const rows = ERROR_CODES.map((code) => {
    const error = new AppError(code, '');
    return [`\`${code}\``, String(error.status), String(error.exitCode), error.title];
  });
  return page('Errors', [
    'Every expected failure has a code: an RFC 9457 problem document over HTTP, one line and an exit code on the command line.',
    table(['code', 'HTTP', 'exit', 'meaning'], rows),
  ]);
}

function models(): string {
  const file = decodeModels(readFileSync('models/phantomnet.model'));
  return page('The models that ship', [
    `File hash \`${file.hash}\`. Made by \`npm run phantomnet -- train --data FOLDER\` from \`models/training.yaml\`; \`models show\` prints the same.`,
    'Read with care: test rows are the later part of the same recordings, one network, one run of each attack, Linux hosts only. On other networks expect less: that is why a forest alone never blocks and needs several flows or windows before it alerts. Kinds with few test rows (`test_rows.*`) prove little; kinds that are missing were not learned.',
    'How fast the forests are and how they compare with others stands in [forests.md](forests.md).',
    '## What the measures mean',
    table(['measure', 'meaning'], MODEL_MEASURES),
    ...modelCard(file),
  ]);
}

/** By measure, or by what its name begins with. */
const MODEL_MEASURES: readonly (readonly string[])[] = [
  [
    '`auc`',
    'how often an attack scores above what is none, drawn one of each: 0.5 is chance, 1 always',
  ],
  [
    '`average_precision`',
    'the mean share of attacks among what is called one, over all thresholds',
  ],
  [
    '`recall_at_fpr_1e3`',
    'the share of attacks found where one in a thousand harmless rows is called one',
  ],
  ['`calibration_error`', 'by how much probability and frequency differ, on average'],
  [
    '`precision.KIND`, `recall.KIND`',
    'of what is called this kind, the share that is; of what is, the share called so: by the likeliest kind, whatever the threshold',
  ],
  [
    '`threshold.KIND`',
    'from where on a row that is likely an attack, and likeliest this kind, counts as it, set for `false_alarms_wanted_per_day`',
  ],
  [
    '`recall_at_threshold.KIND`, `false_alarms_per_day.KIND`',
    'what is still found with it, and how many harmless rows a day are called so',
  ],
  [
    '`test_rows`, `test_attack_rows`, `test_rows.KIND`',
    'how many rows all this was measured on: the fewer, the less it proves',
  ],
];

function exampleConfig(): string {
  const config = stringify(Config.parse({}));
  return `# Every key with its default. Give a file with what you want to change: npm start -- --config FILE\n# ${WRITTEN}\n${config}`;
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function page(title: string, parts: readonly string[]): string {
  return `# ${title}\n\n<!-- ${WRITTEN} -->\n\n${parts.join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The pages under docs/ that are written by the code: catalogues that must say what the code does. A test compares. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { Config } from '../src/app/config.ts';
import { ALERT_KINDS } from '../src/contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../src/contract/features.ts';
import { PACKET_COLUMNS, VERDICT_COLUMNS } from '../src/contract/packet-record.ts';
import { DETECTION_DEFAULTS } from '../src/core/detection/detection-limits.ts';
import { FLOW_FEATURES } from '../src/core/features/flow-vector.ts';
import { decodeModels } from '../src/core/models/model-file.ts';
import { ANOMALY_NAMES } from '../src/core/wire/anomalies.ts';
import { AppError, ERROR_CODES } from '../src/errors.ts';

const WRITTEN = 'Written by `npm run docs`; do not edit.';

/** Path to content. */
export function docPages(): Record<string, string> {
  return {
    'docs/features.md': features(),
    'docs/columns.md': columns(),
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
    "Of every window of 5, 30 and 180 s, for the network, each source and each target. Rates divide by the window's length.",
    'Of a source: what it sends, and what its text says it receives. Of a target: what it receives, and what it answers where a ratio needs it. The exact rules for each scope stand at the top of `src/core/features/window-state.ts`.',
    rows(WINDOW_FEATURES),
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
    '## Anomalies',
    `Names in the column \`anomaly\`, the first one met wins: ${ANOMALY_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
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
  const sections = file.models.flatMap(
    ({ name, model, metrics, thresholds, catalogueHash, dataHashes }) => [
      `## ${name}`,
      `${model.kind.replaceAll('_', ' ')}, ${model.trees.treeCount} trees, ${model.featureNames.length} features, catalogue ${catalogueHash}, made from ${dataHashes.length} captures.`,
      table(
        ['measure', 'value'],
        Object.entries({ ...metrics, ...prefixed('threshold.', thresholds) }).map(
          ([measure, value]) => [
            measure,
            Number.isInteger(value) ? String(value) : value.toFixed(4),
          ],
        ),
      ),
    ],
  );
  return page('The models that ship', [
    `File hash \`${file.hash}\`. Made by \`npm run phantomnet -- train --data FOLDER\` from \`models/training.yaml\`; \`models show\` prints the same.`,
    'Read with care: test rows are the later part of the same recordings, one network, one run of each attack, Linux hosts only. On other networks expect less: that is why a forest alone never blocks and needs several flows or windows before it alerts. Kinds with few test rows (`test_rows.*`) prove little; kinds that are missing were not learned.',
    ...sections,
  ]);
}

function exampleConfig(): string {
  const config = stringify(Config.parse({}));
  return `# Every key with its default. Give a file with what you want to change: npm start -- --config FILE\n# ${WRITTEN}\n${config}`;
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function page(title: string, parts: readonly string[]): string {
  return `# ${title}\n\n<!-- ${WRITTEN} -->\n\n${parts.join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

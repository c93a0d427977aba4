/** `node test/agreement/report.ts > docs/agreement.md`: agreement with tshark over every capture, as a page. */
import {
  allCaptures,
  compareAll,
  describeDifference,
  explained,
  explanationOf,
} from './agreement-run.ts';
import { COMPARED_COLUMNS } from './expected.ts';

const { files, packets, differences, skipped } = await compareAll(allCaptures());
const values = packets * COMPARED_COLUMNS.length;
const share = (count: number) => `${(100 * (1 - count / values)).toFixed(4)} %`;
const unlisted = differences.filter((each) => explanationOf(each) === undefined);
const lines = [
  '# Agreement with tshark',
  '',
  '<!-- Written by `node test/agreement/report.ts > docs/agreement.md`; do not edit. -->',
  '',
  `${files - skipped.size} captures, ${packets} packets, the 33 columns of each: ${values} values, of which ${differences.length} differ: **${share(differences.length)}** agree. ${unlisted.length} of them have no reason in the table. ${skipped.size} captures have link types that we do not read.`,
  '',
  'Both read each packet by itself, as deep as our row goes into tunnels: tshark puts nothing together and judges no checksums; our decoder joins the heads of HTTP requests, which is where its rows say more. Fingerprints (JA4, HASSH, server names) are compared by `test/agreement/fingerprints.test.ts`, details of protocols by `details.test.ts`, Community IDs by `community-id.test.ts`, conversations with Zeek by `test/zeek`.',
  '',
  '| values | why they differ |',
  '| --- | --- |',
  ...[...explained(differences)].map(([{ reason }, count]) => `| ${count} | ${reason} |`),
  '',
  '| column | values that differ |',
  '| --- | --- |',
  ...['tunnel', 'packets', ...COMPARED_COLUMNS]
    .map((name) => [name, differences.filter(({ column }) => column === name).length] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `| \`${name}\` | ${count} |`),
  '',
];
process.stdout.write(lines.join('\n'));
process.stderr.write(unlisted.map((each) => `${describeDifference(each)}\n`).join(''));

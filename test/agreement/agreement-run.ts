/** The comparison with tshark over many captures, and what comes of it. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compareCapture, type Difference } from './compare.ts';
import { KNOWN_DIFFERENCES, type KnownDifference } from './differences.ts';
import { hasTshark } from './tshark.ts';

const DATA = resolve('../shared/data');
const FOLDER = `${DATA}/decode`;
const WORKERS = 2;

export interface AgreementRun {
  readonly files: number;
  readonly packets: number;
  readonly differences: readonly Difference[];
  /** File to why it was not compared. */
  readonly skipped: ReadonlyMap<string, string>;
}

/** Why nothing can be compared here, if so. */
export async function whatIsMissing(): Promise<string | undefined> {
  if (!existsSync(`${DATA}/manifest.csv`)) return 'skipped: no captures under ../shared/data';
  return (await hasTshark()) ? undefined : 'skipped: tshark is not installed';
}

/** Paths of all captures below the captures' folder, in the order of the manifest. */
export function allCaptures(): string[] {
  return readFileSync(`${DATA}/manifest.csv`, 'utf8')
    .split('\n')
    .map((line) => line.split(',')[0] ?? '')
    .filter((path) => path.startsWith('decode/'))
    .map((path) => path.slice('decode/'.length));
}

export async function compareAll(files: readonly string[]): Promise<AgreementRun> {
  const differences: Difference[] = [];
  const skipped = new Map<string, string>();
  let packets = 0;
  const queue = files.values();
  const work = async () => {
    for (const file of queue) {
      const result = await compareCapture(FOLDER, file);
      packets += result.packets;
      differences.push(...result.differences);
      if (result.skipped !== undefined) skipped.set(file, result.skipped);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return { files: files.length, packets, differences, skipped };
}

/** The entry of the table that explains the difference: the first that covers it. */
export function explanationOf(difference: Difference): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find(({ covers }) => covers(difference));
}

/** How many of the differences each entry explains. */
export function explained(differences: readonly Difference[]): Map<KnownDifference, number> {
  const counts = new Map(KNOWN_DIFFERENCES.map((known) => [known, 0]));
  for (const difference of differences) {
    const known = explanationOf(difference);
    if (known) counts.set(known, (counts.get(known) ?? 0) + 1);
  }
  return counts;
}

export function describeDifference({ file, packet, column, ours, theirs, protocols }: Difference) {
  return `${file} #${packet} ${column}: ours ${ours}, tshark ${theirs} (${protocols})`;
}

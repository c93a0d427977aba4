/** Community IDs of the specification's captures against its own baselines, for both seeds it publishes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { communityId } from '../../src/core/wire/community-id.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';

const FOLDER = resolve('../shared/data/decode/community-id');
const isMissing = !existsSync(FOLDER);

describe.skipIf(isMissing)(`Community ID${isMissing ? ' (skipped: no captures)' : ''}`, () => {
  it.each([
    ['baseline_deflt.json', 0],
    ['baseline_seed1.json', 1],
  ])('agrees with %s', async (baseline, seed) => {
    const entries: { proto: number; communityid: string }[] = JSON.parse(
      readFileSync(`${FOLDER}/baseline/${baseline}`, 'utf8'),
    );
    const known = new Set(entries.map(({ communityid }) => communityid));
    const ours = new Set<string | null>();
    for (const file of readdirSync(`${FOLDER}/pcaps`))
      for (const id of await idsOf(`${FOLDER}/pcaps/${file}`, seed)) ours.add(id);
    ours.delete(null);
    expect([...ours].sort()).toEqual([...known].sort());
  });
});

async function idsOf(path: string, seed: number): Promise<(string | null)[]> {
  const ids: (string | null)[] = [];
  const batch = new PacketBatch(1);
  const decoder = new PacketDecoder();
  const source = await openCapture(path);
  await source.run((frame) => {
    batch.clear();
    const row = decoder.decode(frame, batch);
    ids.push(communityId(batch, row, seed));
  });
  return ids;
}

/**
 * The files of one sensor: generation `g` is the snapshot `g.state` and the journal `g.journal` of the batches
 * after it. Generation 0 has no snapshot: it begins with nothing. The next generation's journal begins when
 * its snapshot is taken, before that is on disk; so to restore is to load the newest snapshot and to read all
 * journals from its generation on.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SENSOR_ID } from '../../stream/batch-meta.ts';

const FILE = /^(\d{12})\.(state|journal)$/;

export class StateFolder {
  readonly dir: string;

  /** @param above the folder of all sensors */
  constructor(above: string, sensorId: string) {
    const hash = createHash('sha256').update(sensorId).digest('hex').slice(0, 32);
    this.dir = join(above, SENSOR_ID.test(sensorId) ? sensorId : `~${hash}`);
  }

  async make(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
  }

  snapshotPath(generation: number): string {
    return join(this.dir, `${String(generation).padStart(12, '0')}.state`);
  }

  journalPath(generation: number): string {
    return join(this.dir, `${String(generation).padStart(12, '0')}.journal`);
  }

  /** What is there, in ascending order; nothing where there is no folder. */
  async list(): Promise<{ snapshots: number[]; journals: number[] }> {
    const names = await readdir(this.dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const found = { snapshots: [] as number[], journals: [] as number[] };
    for (const name of names.sort()) {
      const [, generation, kind] = FILE.exec(name) ?? [];
      if (generation === undefined) continue;
      (kind === 'state' ? found.snapshots : found.journals).push(Number(generation));
    }
    return found;
  }

  /** Removes what generations before this one left, and what was never finished. */
  async removeBefore(generation: number): Promise<void> {
    for (const name of await readdir(this.dir)) {
      const [, number] = FILE.exec(name) ?? [];
      if (number === undefined ? name.endsWith('.part') : Number(number) < generation)
        await rm(join(this.dir, name), { force: true });
    }
  }
}
